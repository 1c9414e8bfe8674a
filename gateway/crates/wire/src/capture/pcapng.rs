//! pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, enhanced and simple packet blocks; other blocks are
//! passed over.

use super::bytes::Cursor;
use super::{Captured, MAX_CAPTURED};
use crate::WireError;

pub const SECTION_HEADER: u32 = 0x0A0D_0D0A;
pub const INTERFACE: u32 = 1;
pub const SIMPLE_PACKET: u32 = 3;
pub const ENHANCED_PACKET: u32 = 6;
pub const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;
pub const OPTION_END: u16 = 0;
pub const OPTION_TSRESOL: u16 = 9;
const OPTION_TSOFFSET: u16 = 14;
const MAX_INTERFACES: usize = 1024;
/// Type, length, and the length again.
const FRAME: usize = 12;

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: u16,
    snap_length: u32,
    /// `if_tsresol`: a negative power of 10, or of 2 where the top bit is set.
    resolution: u8,
    /// `if_tsoffset`.
    offset_s: i64,
}

#[derive(Debug)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    interfaces: Vec<Interface>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a [u8]) -> Self {
        let cursor = Cursor::new(file);
        let interfaces = Vec::new();
        Self { cursor, interfaces }
    }

    pub fn next_packet(&mut self) -> Result<Option<Captured<'a>>, WireError> {
        while self.cursor.remaining() > 0 {
            let start = self.cursor.at;
            let kind = self.cursor.u32()?;
            if kind == SECTION_HEADER {
                self.begin_section()?;
            }
            let mut body = self.block_body(start)?;
            match kind {
                INTERFACE => self.add_interface(&mut body)?,
                ENHANCED_PACKET => return self.enhanced(&mut body).map(Some),
                SIMPLE_PACKET => return self.simple(&mut body).map(Some),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The byte order of a section stands behind the length that it orders.
    fn begin_section(&mut self) -> Result<(), WireError> {
        let mut ahead = self.cursor;
        ahead.big_endian = false;
        ahead.take(4)?;
        let magic = ahead.u32()?;
        self.cursor.big_endian = magic == BYTE_ORDER_MAGIC.swap_bytes();
        if !self.cursor.big_endian && magic != BYTE_ORDER_MAGIC {
            return Err(self.cursor.error("a section has no byte-order magic"));
        }
        self.interfaces.clear();
        Ok(())
    }

    /// A cursor over the body of the block at `start`; ours goes on behind the block.
    fn block_body(&mut self, start: usize) -> Result<Cursor<'a>, WireError> {
        let length = self.cursor.u32()? as usize;
        let whole = length >= FRAME && length.is_multiple_of(4);
        if !whole || length > self.cursor.file.len() - start {
            return Err(self
                .cursor
                .error("a block has an impossible length, or is cut off"));
        }
        let mut body = self.cursor;
        let end = start + length - 4;
        body.file = &body.file[..end];
        self.cursor.at = end;
        if self.cursor.u32()? as usize != length {
            return Err(self.cursor.error("a block's two lengths differ"));
        }
        Ok(body)
    }

    fn add_interface(&mut self, body: &mut Cursor<'a>) -> Result<(), WireError> {
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(body.error("there are more interfaces than we follow"));
        }
        let link_type = body.u16()?;
        body.take(2)?;
        let snap_length = body.u32()?;
        let (resolution, offset_s) = (6, 0);
        let mut interface = Interface {
            link_type,
            snap_length,
            resolution,
            offset_s,
        };
        while body.remaining() >= 4 {
            let (code, length) = (body.u16()?, usize::from(body.u16()?));
            let mut value = *body;
            body.take(length.next_multiple_of(4).min(body.remaining()).max(length))?;
            match (code, length) {
                (OPTION_END, _) => break,
                (OPTION_TSRESOL, 1) => interface.resolution = value.take(1)?[0],
                (OPTION_TSOFFSET, 8) => interface.offset_s = value.i64()?,
                _ => {}
            }
        }
        self.interfaces.push(interface);
        Ok(())
    }

    fn enhanced(&self, body: &mut Cursor<'a>) -> Result<Captured<'a>, WireError> {
        let number = body.u32()?;
        let known = self.interfaces.get(number as usize);
        let interface =
            known.ok_or(body.error("a packet names an interface that was not described"))?;
        let (high, low) = (body.u32()?, body.u32()?);
        let ticks = (u64::from(high) << 32) | u64::from(low);
        let ts_ns = interface
            .nanos(ticks)
            .ok_or(body.error("a time does not fit in 64 bits of ns"))?;
        let (length, original_length) = (body.u32()? as usize, body.u32()?);
        if length > MAX_CAPTURED {
            return Err(body.error("a packet is longer than any packet can be"));
        }
        Ok(Captured {
            ts_ns,
            interface: number,
            link_type: interface.link_type,
            original_length,
            bytes: body.take(length)?,
        })
    }

    fn simple(&self, body: &mut Cursor<'a>) -> Result<Captured<'a>, WireError> {
        let first = self.interfaces.first();
        let interface = first.ok_or(body.error("a packet comes before any interface"))?;
        let original_length = body.u32()?;
        let limit = match interface.snap_length {
            0 => u32::MAX,
            length => length,
        };
        let length = original_length.min(limit) as usize;
        if length > MAX_CAPTURED {
            return Err(body.error("a packet is longer than any packet can be"));
        }
        Ok(Captured {
            ts_ns: 0,
            interface: 0,
            link_type: interface.link_type,
            original_length,
            bytes: body.take(length)?,
        })
    }
}

impl Interface {
    fn nanos(&self, ticks: u64) -> Option<u64> {
        let exponent = u32::from(self.resolution & 0x7F);
        let per_second = match self.resolution & 0x80 {
            0 => 10_u128.checked_pow(exponent)?,
            _ => 1_u128.checked_shl(exponent)?,
        };
        let nanos = u128::from(ticks) * 1_000_000_000 / per_second;
        let nanos = i128::try_from(nanos).ok()? + i128::from(self.offset_s) * 1_000_000_000;
        u64::try_from(nanos).ok()
    }
}
