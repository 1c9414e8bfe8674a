//! SoupBinTCP's framing: a reader that takes a TCP stream in whatever pieces it comes, and a writer.

use crate::WireError;
use crate::soup_bin_tcp::{Client, Frame, Server};

/// The longest packet we accept by default, its length not counted: the messages of OUCH 4.2 have 80 bytes at most.
pub const MAX_PACKET: usize = 4096;

/// Cuts a TCP stream into packets. Its buffer is bounded: push, then take packets until there is none.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the stream before `start`.
    consumed: u64,
    limit: usize,
}

impl FrameReader {
    /// A reader of packets of at most `limit` bytes (their length not counted).
    ///
    /// # Panics
    /// Where `limit` is 0 or more than 65,535.
    pub fn new(limit: usize) -> Self {
        assert!(
            (1..=usize::from(u16::MAX)).contains(&limit),
            "a limit that a length can say"
        );
        Self {
            buffer: vec![0; 4 * (limit + Frame::LENGTH)].into_boxed_slice(),
            start: 0,
            end: 0,
            consumed: 0,
            limit,
        }
    }

    /// The free part of the buffer, never empty when every packet was taken: read from the socket into it, then say how much by
    /// [`FrameReader::filled`].
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// `count` bytes were read into [`FrameReader::space`].
    ///
    /// # Panics
    /// Where that is more than the space had.
    pub fn filled(&mut self, count: usize) {
        assert!(
            count <= self.buffer.len() - self.end,
            "no more than the space"
        );
        self.end += count;
    }

    /// Takes from `bytes` what fits and gives how many that were.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// The next whole packet, type byte first; None where more bytes are needed.
    ///
    /// # Errors
    /// [`WireError::Frame`] for a packet of no bytes or more than the limit: the stream cannot be followed any further.
    pub fn next_packet(&mut self) -> Result<Option<&[u8]>, WireError> {
        let held = &self.buffer[self.start..self.end];
        let Some((length, rest)) = held.split_first_chunk::<{ Frame::LENGTH }>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > self.limit {
            let (offset, limit) = (self.consumed, self.limit);
            return Err(WireError::Frame {
                offset,
                length,
                limit,
            });
        }
        if rest.len() < length {
            return Ok(None);
        }
        let from = self.start + Frame::LENGTH;
        self.start = from + length;
        self.consumed += (Frame::LENGTH + length) as u64;
        Ok(Some(&self.buffer[from..self.start]))
    }

    /// Bytes of an unfinished packet that wait for the rest.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }
}

fn frame(out: &mut [u8], encode: impl FnOnce(&mut [u8]) -> usize) -> usize {
    let (head, body) = out.split_at_mut(Frame::LENGTH);
    let length = encode(body);
    let packet_length = u16::try_from(length).expect("a packet is shorter than 64 KiB");
    Frame { packet_length }.encode(head);
    Frame::LENGTH + length
}

/// Writes a client's packet with its length and gives the number of bytes.
///
/// # Panics
/// Where `out` is too short or the payload is longer than a packet can be.
pub fn encode_client(packet: &Client<'_>, out: &mut [u8]) -> usize {
    frame(out, |body| packet.encode(body))
}

/// Writes a server's packet with its length and gives the number of bytes.
///
/// # Panics
/// Where `out` is too short or the payload is longer than a packet can be.
pub fn encode_server(packet: &Server<'_>, out: &mut [u8]) -> usize {
    frame(out, |body| packet.encode(body))
}

/// A number as SoupBinTCP writes it: digits, right-justified, spaces on the left.
pub fn number_text(number: u64) -> [u8; 20] {
    let mut text = [b' '; 20];
    let mut rest = number;
    for place in text.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text
}

/// Reads a number of [`number_text`]'s form; zeros on the left are taken too, and the spaces of a peer that pads on the
/// right, which the specification does not ask for.
///
/// # Errors
/// [`WireError::Number`] where there is no digit, something else than digits, or more than 64 bits.
pub fn parse_number(field: &'static str, text: &[u8; 20]) -> Result<u64, WireError> {
    let digits = text.trim_ascii();
    let number = digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    });
    let number = number.filter(|_| !digits.is_empty());
    number.ok_or(WireError::Number { field })
}
