//! Classic pcap (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds.

use super::bytes::Cursor;
use super::{Captured, MAX_CAPTURED};
use crate::WireError;

const MICROSECONDS: u32 = 0xA1B2_C3D4;
const NANOSECONDS: u32 = 0xA1B2_3C4D;

#[derive(Debug)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    ns_per_tick: u64,
    link_type: u16,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(file);
        let start = cursor;
        let magic = cursor.u32()?;
        let magics = [MICROSECONDS, NANOSECONDS];
        cursor.big_endian = magics.contains(&magic.swap_bytes());
        let magic = if cursor.big_endian {
            magic.swap_bytes()
        } else {
            magic
        };
        let ns_per_tick = match magic {
            MICROSECONDS => 1_000,
            NANOSECONDS => 1,
            _ => return Err(start.error("neither pcap nor pcapng begins like this")),
        };
        // Version, two fields that nobody fills, the snapshot length.
        cursor.take(16)?;
        // The upper half says how long a frame check sequence is.
        let link_type = cursor.u32()? as u16;
        Ok(Self {
            cursor,
            ns_per_tick,
            link_type,
        })
    }

    pub fn next_packet(&mut self) -> Result<Option<Captured<'a>>, WireError> {
        if self.cursor.remaining() == 0 {
            return Ok(None);
        }
        let start = self.cursor;
        let seconds = u64::from(self.cursor.u32()?);
        let fraction = u64::from(self.cursor.u32()?) * self.ns_per_tick;
        let length = self.cursor.u32()? as usize;
        let original_length = self.cursor.u32()?;
        if length > MAX_CAPTURED {
            return Err(start.error("a packet is longer than any packet can be"));
        }
        if fraction >= 1_000_000_000 {
            return Err(start.error("a time has more than a second beside its seconds"));
        }
        let bytes = self.cursor.take(length)?;
        let ts_ns = seconds * 1_000_000_000 + fraction;
        let (interface, link_type) = (0, self.link_type);
        Ok(Some(Captured {
            ts_ns,
            interface,
            link_type,
            original_length,
            bytes,
        }))
    }
}
