//! A MoldUDP64 packet: header, then message blocks. Checked once as a whole, then walked without allocation.

use crate::WireError;
use crate::mold_udp64::{BlockHeader, Header};

/// `message_count` of a packet that ends the session.
pub const END_OF_SESSION: u16 = 0xFFFF;
/// The largest UDP payload over IPv4 on Ethernet without fragments.
pub const MAX_PACKET: usize = 1472;

/// A downstream packet whose blocks tile it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    blocks: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet and walks its blocks once.
    ///
    /// # Errors
    /// [`WireError::Length`] where the header is cut off, [`WireError::Block`] where the blocks are not as many as the
    /// header says or do not end with the packet. Which numbers can be is for whoever knows the session: captures have 0.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let head = bytes.get(..Header::LENGTH).unwrap_or(bytes);
        let header = Header::decode(head)?;
        let blocks = &bytes[Header::LENGTH..];
        let count = match header.message_count {
            END_OF_SESSION => 0,
            count => count,
        };
        let mut rest = blocks;
        for _ in 0..count {
            let offset = bytes.len() - rest.len();
            let what = "a message block is cut off";
            (_, rest) = split_block(rest).ok_or(WireError::Block { offset, what })?;
        }
        if !rest.is_empty() {
            let what = "bytes follow the last message block";
            let offset = bytes.len() - rest.len();
            return Err(WireError::Block { offset, what });
        }
        Ok(Self { header, blocks })
    }

    /// No messages; `sequence_number` is the next one to come.
    pub fn is_heartbeat(&self) -> bool {
        self.header.message_count == 0
    }

    pub fn is_end_of_session(&self) -> bool {
        self.header.message_count == END_OF_SESSION
    }

    /// The messages, in order; the first has the header's sequence number.
    pub fn messages(&self) -> Messages<'a> {
        Messages { rest: self.blocks }
    }
}

/// The messages of a packet.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (message, rest) = split_block(self.rest)?;
        self.rest = rest;
        Some(message)
    }
}

fn split_block(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<{ BlockHeader::LENGTH }>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Builds one packet in memory that it keeps.
#[derive(Clone, Debug)]
pub struct PacketBuilder {
    bytes: Vec<u8>,
    header: Header,
}

impl PacketBuilder {
    /// An empty packet: a heartbeat unless messages are pushed.
    pub fn new(session: [u8; 10], sequence_number: u64) -> Self {
        let mut builder = Self {
            bytes: Vec::with_capacity(MAX_PACKET),
            header: Header {
                session,
                sequence_number,
                message_count: 0,
            },
        };
        builder.reset(sequence_number);
        builder
    }

    /// Begins the next packet in the same memory.
    pub fn reset(&mut self, sequence_number: u64) {
        self.header.sequence_number = sequence_number;
        self.header.message_count = 0;
        self.bytes.clear();
        self.bytes.resize(Header::LENGTH, 0);
    }

    /// Adds a message; false where the packet has no room left and must be sent first.
    ///
    /// # Panics
    /// Where the message would fit in no packet.
    pub fn push(&mut self, message: &[u8]) -> bool {
        let needed = BlockHeader::LENGTH + message.len();
        assert!(
            Header::LENGTH + needed <= MAX_PACKET,
            "a message fits in a packet"
        );
        if self.bytes.len() + needed > MAX_PACKET {
            return false;
        }
        let length = u16::try_from(message.len()).expect("less than a packet");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(message);
        self.header.message_count += 1;
        true
    }

    /// Messages pushed since the last reset.
    pub fn count(&self) -> u16 {
        self.header.message_count
    }

    /// The packet's bytes.
    pub fn finish(&mut self) -> &[u8] {
        self.header.encode(&mut self.bytes);
        &self.bytes
    }

    /// The bytes of an end-of-session packet, whatever was pushed.
    pub fn end_of_session(session: [u8; 10], sequence_number: u64) -> [u8; Header::LENGTH] {
        let message_count = END_OF_SESSION;
        let header = Header {
            session,
            sequence_number,
            message_count,
        };
        header.to_bytes()
    }
}
