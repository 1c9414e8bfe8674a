//! Writes pcapng: one section, its interfaces, then packets with nanoseconds.

use std::io::{self, Write};

use super::MAX_CAPTURED;
use super::pcapng::{
    BYTE_ORDER_MAGIC, ENHANCED_PACKET, INTERFACE, OPTION_END, OPTION_TSRESOL, SECTION_HEADER,
};

const OPTION_COMMENT: u16 = 1;
const SECTION_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const INTERFACE_DESCRIPTION: u16 = 3;
const PACKET_FLAGS: u16 = 2;
const NANOSECONDS: u8 = 9;
/// Longest text of an option.
const MAX_TEXT: usize = 1024;

/// What the file says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// Who writes, with version or build hash.
    pub application: &'a str,
    /// Where the times come from, e.g. "software timestamps, CLOCK_REALTIME"; stands in the file as a comment.
    pub clock_source: &'a str,
}

/// One place that packets are captured at.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    pub name: &'a str,
    pub description: &'a str,
    /// [`super::LINK_ETHERNET`] or [`super::LINK_RAW_IP`].
    pub link_type: u16,
}

/// Which way a packet went, seen from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    In = 1,
    Out = 2,
}

/// Writes little-endian pcapng to `W`, which should be buffered; one block is built in memory and written at once.
#[derive(Debug)]
pub struct PcapngWriter<W: Write> {
    out: W,
    block: Vec<u8>,
    interfaces: u32,
}

impl<W: Write> PcapngWriter<W> {
    /// Writes the section's header and its interfaces, numbered from 0.
    ///
    /// # Errors
    /// Those of `out`.
    ///
    /// # Panics
    /// Where a text is longer than 1024 bytes.
    pub fn new(out: W, section: Section<'_>, interfaces: &[Interface<'_>]) -> io::Result<Self> {
        let mut writer = Self {
            out,
            block: Vec::with_capacity(4096),
            interfaces: u32::try_from(interfaces.len()).expect("few interfaces"),
        };
        writer.begin(SECTION_HEADER);
        writer.push_u32(BYTE_ORDER_MAGIC);
        // Version 1.0; the length of the section is not known.
        writer.push_u32(1);
        writer.block.extend_from_slice(&[0xFF; 8]);
        writer.push_option(OPTION_COMMENT, section.clock_source.as_bytes());
        writer.push_option(SECTION_APPLICATION, section.application.as_bytes());
        writer.push_option(OPTION_END, &[]);
        writer.end()?;
        for interface in interfaces {
            writer.interface(interface)?;
        }
        Ok(writer)
    }

    fn interface(&mut self, interface: &Interface<'_>) -> io::Result<()> {
        self.begin(INTERFACE);
        self.push_u32(u32::from(interface.link_type));
        self.push_u32(MAX_CAPTURED as u32);
        self.push_option(INTERFACE_NAME, interface.name.as_bytes());
        self.push_option(INTERFACE_DESCRIPTION, interface.description.as_bytes());
        self.push_option(OPTION_TSRESOL, &[NANOSECONDS]);
        self.push_option(OPTION_END, &[]);
        self.end()
    }

    /// Writes one packet that lies in pieces (headers, payload), whole.
    ///
    /// # Errors
    /// Those of the file; the packet may then stand in it in part.
    ///
    /// # Panics
    /// Where the interface was not named at the start, or the packet is longer than [`MAX_CAPTURED`].
    pub fn write(
        &mut self,
        interface: u32,
        ts_ns: u64,
        direction: Direction,
        pieces: &[&[u8]],
    ) -> io::Result<()> {
        assert!(interface < self.interfaces, "an interface that was named");
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert!(length <= MAX_CAPTURED, "a packet of bearable length");
        self.begin(ENHANCED_PACKET);
        self.push_u32(interface);
        self.push_u32((ts_ns >> 32) as u32);
        self.push_u32(ts_ns as u32);
        self.push_u32(length as u32);
        self.push_u32(length as u32);
        for piece in pieces {
            self.block.extend_from_slice(piece);
        }
        self.pad();
        self.push_option(PACKET_FLAGS, &(direction as u32).to_le_bytes());
        self.push_option(OPTION_END, &[]);
        self.end()
    }

    /// # Errors
    /// Those of `out`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub fn get_ref(&self) -> &W {
        &self.out
    }

    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    pub fn into_inner(self) -> W {
        self.out
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.push_u32(kind);
        // The block's length, known at its end.
        self.push_u32(0);
    }

    fn end(&mut self) -> io::Result<()> {
        let length = u32::try_from(self.block.len() + 4).expect("a block of bearable length");
        self.push_u32(length);
        self.block[4..8].copy_from_slice(&length.to_le_bytes());
        self.out.write_all(&self.block)
    }

    fn push_u32(&mut self, number: u32) {
        self.block.extend_from_slice(&number.to_le_bytes());
    }

    fn push_option(&mut self, code: u16, value: &[u8]) {
        assert!(value.len() <= MAX_TEXT, "an option of bearable length");
        self.block.extend_from_slice(&code.to_le_bytes());
        self.block
            .extend_from_slice(&(value.len() as u16).to_le_bytes());
        self.block.extend_from_slice(value);
        self.pad();
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }
}
