//! Feeds A and B: the same packets, each with its own misfortune.

use crate::faults::{FaultKind, Faults};

/// Packets that wait for their time or their successor; more are sent at once.
const HELD_MAX: usize = 4_096;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// 0 = A, 1 = B.
    pub feed: usize,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Feeds {
    /// What the shell sends next, in order.
    pub out: Vec<Datagram>,
    delayed: Vec<(u64, Datagram)>,
    /// Goes out after the feed's next packet.
    overtaken: [Option<Datagram>; 2],
}

impl Feeds {
    /// One packet on both feeds, as the faults leave it. `now_ns` is monotonic.
    pub fn send(&mut self, packet: &[u8], faults: &mut Faults, now_ns: u64) {
        for feed in 0..2 {
            self.send_on(feed, packet.to_vec(), faults, now_ns);
        }
    }

    fn send_on(&mut self, feed: usize, mut bytes: Vec<u8>, faults: &mut Faults, now_ns: u64) {
        let before = self.overtaken[feed].take();
        if !faults.happens(FaultKind::Drop) {
            if faults.happens(FaultKind::Garble) {
                garble(&mut bytes, faults);
            }
            let copies = 1 + usize::from(faults.happens(FaultKind::Duplicate));
            for _ in 0..copies {
                let datagram = Datagram {
                    feed,
                    bytes: bytes.clone(),
                };
                let room = self.delayed.len() < HELD_MAX;
                if faults.happens(FaultKind::Delay) && room {
                    let due_ns = now_ns + faults.chances.delay_ms * 1_000_000;
                    self.delayed.push((due_ns, datagram));
                } else if faults.happens(FaultKind::Reorder) && self.overtaken[feed].is_none() {
                    self.overtaken[feed] = Some(datagram);
                } else {
                    self.out.push(datagram);
                }
            }
        }
        self.out.extend(before);
    }

    /// Sends what waited long enough.
    pub fn tick(&mut self, now_ns: u64) {
        let out = &mut self.out;
        self.delayed.retain(|(due_ns, datagram)| {
            let waits = *due_ns > now_ns;
            if !waits {
                out.push(datagram.clone());
            }
            waits
        });
    }

    /// When the next one is due, monotonic ns.
    pub fn due_ns(&self) -> Option<u64> {
        self.delayed.iter().map(|(due_ns, _)| *due_ns).min()
    }

    /// Nothing waits any more: the day is over.
    pub fn flush(&mut self) {
        self.tick(u64::MAX);
        for overtaken in &mut self.overtaken {
            self.out.extend(overtaken.take());
        }
    }
}

fn garble(bytes: &mut Vec<u8>, faults: &mut Faults) {
    let at = faults.below(FaultKind::Garble, bytes.len() as u64) as usize;
    if faults.below(FaultKind::Garble, 4) == 0 {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << faults.below(FaultKind::Garble, 8);
    }
}
