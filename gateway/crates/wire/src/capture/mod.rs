//! Capture files: classic pcap and pcapng read, pcapng with nanoseconds written.

mod bytes;
mod classic;
mod pcapng;
mod writer;

pub use writer::{Direction, Interface, PcapngWriter, Section};

use crate::WireError;

/// Ethernet, with its header.
pub const LINK_ETHERNET: u16 = 1;
/// An IP packet without a link header.
pub const LINK_RAW_IP: u16 = 101;

/// The longest packet that a reader takes from a file.
pub const MAX_CAPTURED: usize = 1 << 18;

/// One packet of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captured<'a> {
    /// UTC; 0 where the file does not say.
    pub ts_ns: u64,
    /// Number of the interface within its section; 0 in a classic file.
    pub interface: u32,
    /// `LINKTYPE_` number.
    pub link_type: u16,
    /// Bytes that the packet had on the wire.
    pub original_length: u32,
    /// Bytes that the file holds.
    pub bytes: &'a [u8],
}

/// Walks a capture file that lies in memory (or is mapped). After an error it gives nothing more.
#[derive(Debug)]
pub struct CaptureReader<'a> {
    kind: Kind<'a>,
    failed: bool,
}

#[derive(Debug)]
enum Kind<'a> {
    Classic(classic::Reader<'a>),
    Pcapng(pcapng::Reader<'a>),
}

impl<'a> CaptureReader<'a> {
    /// Looks at the first bytes: which format, which byte order, which unit of time.
    ///
    /// # Errors
    /// [`WireError::Capture`] where the file is neither pcap nor pcapng, or its header is cut off.
    pub fn new(file: &'a [u8]) -> Result<Self, WireError> {
        let pcapng = file.starts_with(&pcapng::SECTION_HEADER.to_be_bytes());
        let kind = if pcapng {
            Kind::Pcapng(pcapng::Reader::new(file))
        } else {
            Kind::Classic(classic::Reader::new(file)?)
        };
        let failed = false;
        Ok(Self { kind, failed })
    }
}

impl<'a> Iterator for CaptureReader<'a> {
    type Item = Result<Captured<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = match &mut self.kind {
            Kind::Classic(reader) => reader.next_packet(),
            Kind::Pcapng(reader) => reader.next_packet(),
        };
        self.failed = next.is_err();
        next.transpose()
    }
}
