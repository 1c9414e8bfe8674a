//! Market data: messages numbered for the day, the packets that carry them, and answers to requests.

use std::collections::VecDeque;

use cws_wire::mold::{END_OF_SESSION, PacketBuilder};
use cws_wire::mold_udp64::Header;

use crate::stream::Stream;

#[derive(Debug)]
pub struct Market {
    session: [u8; 10],
    stream: Stream,
    /// Packets that were not published yet: first message and count.
    queue: VecDeque<(u64, u16)>,
    /// Last message of the last published packet.
    published: u64,
    ended: bool,
    builder: PacketBuilder,
}

impl Market {
    pub fn new(session: [u8; 10], messages_max: usize) -> Self {
        Self {
            session,
            stream: Stream::new(messages_max),
            queue: VecDeque::new(),
            published: 0,
            ended: false,
            builder: PacketBuilder::new(session, 1),
        }
    }

    /// Queues one input's messages: as few packets as they fit in.
    pub fn queue(&mut self, messages: &[Vec<u8>]) {
        let Some(first) = messages.first() else {
            return;
        };
        self.builder.reset(self.stream.last() + 1);
        let fits = self.builder.push(first);
        assert!(fits, "an empty packet takes any message");
        let mut start = self.stream.push(first);
        for message in &messages[1..] {
            if !self.builder.push(message) {
                self.queue.push_back((start, self.builder.count()));
                start = self.stream.last() + 1;
                self.builder.reset(start);
                self.builder.push(message);
            }
            self.stream.push(message);
        }
        self.queue.push_back((start, self.builder.count()));
    }

    pub fn is_full(&self) -> bool {
        self.stream.is_full()
    }

    pub fn has_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Packets that wait to be published.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Last published message.
    pub fn published(&self) -> u64 {
        self.published
    }

    pub fn hash(&self) -> blake3::Hash {
        self.stream.hash()
    }

    /// Publishes the next packet of the queue.
    pub fn publish(&mut self) -> Option<&[u8]> {
        let (first, count) = self.queue.pop_front()?;
        self.published = first + u64::from(count) - 1;
        Some(self.packet(first, count))
    }

    fn packet(&mut self, first: u64, count: u16) -> &[u8] {
        self.builder.reset(first);
        for number in first..first + u64::from(count) {
            let message = self.stream.get(number).expect("numbers below last()");
            if !self.builder.push(message) {
                break;
            }
        }
        self.builder.finish()
    }

    /// From now on heartbeats say "end of session".
    pub fn end(&mut self) {
        self.ended = true;
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    pub fn heartbeat(&self) -> [u8; Header::LENGTH] {
        let header = Header {
            session: self.session,
            sequence_number: self.published + 1,
            message_count: if self.ended { END_OF_SESSION } else { 0 },
        };
        header.to_bytes()
    }

    /// The packet for a request: as many of the wanted messages as fit; None for what is no request of this session or
    /// of messages that were not published.
    pub fn answer(&mut self, request: &[u8]) -> Option<&[u8]> {
        let header = Header::decode(request).ok()?;
        let first = header.sequence_number;
        if header.session != self.session || first == 0 || first > self.published {
            return None;
        }
        let there = self.published - first + 1;
        let count = u64::from(header.message_count).min(there);
        let count = u16::try_from(count).expect("at most a u16");
        (count > 0).then(|| self.packet(first, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cws_wire::mold::Packet;

    fn request(session: &[u8; 10], sequence_number: u64, message_count: u16) -> [u8; 20] {
        Header {
            session: *session,
            sequence_number,
            message_count,
        }
        .to_bytes()
    }

    #[test]
    fn packets_hold_all_messages_once_and_requests_see_the_published_only() {
        let session = *b"DAY       ";
        let mut market = Market::new(session, 1_000);
        let messages: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; 40]).collect();
        market.queue(&messages);
        assert_eq!(market.answer(&request(&session, 1, 10)), None);
        let mut seen = Vec::new();
        while let Some(bytes) = market.publish() {
            let packet = Packet::decode(bytes).expect("ours");
            assert_eq!(packet.header.sequence_number, seen.len() as u64 + 1);
            seen.extend(packet.messages().map(<[u8]>::to_vec));
        }
        assert_eq!(seen, messages);
        let bytes = market
            .answer(&request(&session, 98, 50))
            .expect("published");
        let packet = Packet::decode(bytes).expect("ours");
        assert_eq!(
            packet.messages().collect::<Vec<_>>(),
            [&[97; 40], &[98; 40], &[99; 40]]
        );
        let answered = market
            .answer(&request(&session, 1, 0xFFFF))
            .expect("published");
        assert!(answered.len() <= cws_wire::mold::MAX_PACKET);
        for bad in [
            request(&session, 0, 1),
            request(&session, 101, 1),
            request(b"OTHER     ", 1, 1),
        ] {
            assert_eq!(market.answer(&bad), None);
        }
        assert_eq!(market.answer(b"short"), None);
    }
}
