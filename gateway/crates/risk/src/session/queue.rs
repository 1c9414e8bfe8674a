//! Frames on their way to a socket. One of which no byte has been taken can still be taken back.

use std::collections::{HashSet, VecDeque};

/// `order_id`: the order that begins with this frame; `cancels`: the order that it asks to end. 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub order_id: u64,
    pub cancels: u64,
}

#[derive(Debug, Default)]
pub struct SendQueue {
    bytes: Vec<u8>,
    /// Length of each frame, and what it is about.
    frames: VecDeque<(usize, About)>,
    /// How much of the first frame has been taken.
    begun: usize,
}

impl SendQueue {
    pub fn push(&mut self, frame: &[u8], about: About) {
        self.bytes.extend_from_slice(frame);
        self.frames.push_back((frame.len(), about));
    }

    /// What has not been taken yet.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The socket has `count` bytes more.
    pub fn took(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.begun += count;
        while let Some((len, _)) = self.frames.front()
            && self.begun >= *len
        {
            self.begun -= len;
            self.frames.pop_front();
        }
    }

    /// Takes back orders that have not begun to leave, and what asks for their end; gives their ids in the order in which
    /// they stood. A frame that has begun is finished.
    pub fn withdraw(&mut self, wanted: impl Fn(u64) -> bool) -> Vec<u64> {
        let fixed = usize::from(self.begun > 0);
        let waiting = self.frames.iter().skip(fixed);
        let gone: Vec<u64> = waiting
            .map(|(_, about)| about.order_id)
            .filter(|id| *id != 0 && wanted(*id))
            .collect();
        if gone.is_empty() {
            return gone;
        }
        let set: HashSet<u64> = gone.iter().copied().collect();
        let bytes = std::mem::take(&mut self.bytes);
        let frames = std::mem::take(&mut self.frames);
        let mut at = 0;
        for (number, (len, about)) in frames.into_iter().enumerate() {
            let left = if number == 0 { len - self.begun } else { len };
            let frame = &bytes[at..at + left];
            at += left;
            let stays =
                number < fixed || !set.contains(&about.order_id) && !set.contains(&about.cancels);
            if stays {
                self.bytes.extend_from_slice(frame);
                self.frames.push_back((len, about));
            }
        }
        gone
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
