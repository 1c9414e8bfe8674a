//! Why bytes are no message, or a number has no bytes.

use std::fmt;

/// Each variant has one code. Offsets are bytes from the start of what was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// A message without a first byte.
    Empty { protocol: &'static str },
    /// Byte 0 names no message of the protocol.
    UnknownType {
        protocol: &'static str,
        type_byte: u8,
    },
    /// Bytes are missing or left over.
    Length {
        message: &'static str,
        expected: usize,
        got: usize,
    },
    /// The message blocks of a MoldUDP64 packet do not end where the packet ends.
    Block { offset: usize, what: &'static str },
    /// A SoupBinTCP packet longer than its reader's limit, or of length 0.
    Frame {
        offset: u64,
        length: usize,
        limit: usize,
    },
    /// A price that the wire's unit cannot say: a rest, below zero, too large.
    Price { nanos: i64, what: &'static str },
    /// A price of the wire that 64 bits of 1e-9 cannot say.
    PriceRange { raw: u64 },
    /// Text where a number is expected.
    Number { field: &'static str },
    /// A capture file that is none, or is cut off, or says something impossible.
    Capture { offset: u64, what: &'static str },
    /// A packet whose Ethernet, IP, UDP or TCP header is cut off or says something impossible.
    Header { offset: usize, what: &'static str },
}

impl WireError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "CWS-WIRE-001",
            Self::UnknownType { .. } => "CWS-WIRE-002",
            Self::Length { .. } => "CWS-WIRE-003",
            Self::Block { .. } => "CWS-WIRE-004",
            Self::Frame { .. } => "CWS-WIRE-005",
            Self::Price { .. } => "CWS-WIRE-006",
            Self::PriceRange { .. } => "CWS-WIRE-007",
            Self::Number { .. } => "CWS-WIRE-008",
            Self::Capture { .. } => "CWS-WIRE-009",
            Self::Header { .. } => "CWS-WIRE-010",
        }
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.code())?;
        match self {
            Self::Empty { protocol } => write!(
                f,
                "{protocol}: a message of no bytes, at offset 0; count and drop the packet"
            ),
            Self::UnknownType {
                protocol,
                type_byte,
            } => write!(
                f,
                "{protocol}: no message has type 0x{type_byte:02X}, at offset 0; check the feed's version"
            ),
            Self::Length {
                message,
                expected,
                got,
            } => write!(
                f,
                "{message} has {expected} bytes, {got} came; check the feed's version"
            ),
            Self::Block { offset, what } => write!(
                f,
                "MoldUDP64 packet: {what}, at offset {offset}; drop the packet and request its messages again"
            ),
            Self::Frame {
                offset,
                length,
                limit,
            } => write!(
                f,
                "SoupBinTCP packet of {length} bytes where 1 to {limit} are allowed, at offset {offset} of the stream; \
                 disconnect and log in again"
            ),
            Self::Price { nanos, what } => write!(
                f,
                "price {nanos} (1e-9) {what}, at the encoder; round it to the tick first"
            ),
            Self::PriceRange { raw } => write!(
                f,
                "price {raw} of the wire does not fit in 64 bits of 1e-9; drop the message"
            ),
            Self::Number { field } => write!(
                f,
                "{field}: digits padded with spaces on the left are expected; disconnect and log in again"
            ),
            Self::Capture { offset, what } => write!(
                f,
                "capture file: {what}, at offset {offset}; read it up to there or make it again"
            ),
            Self::Header { offset, what } => {
                write!(f, "packet: {what}, at offset {offset}; skip the packet")
            }
        }
    }
}

impl std::error::Error for WireError {}
