//! Every order byte, in and out, as pcapng with nanoseconds. One file a start; software timestamps.

use std::fs::File;
use std::io::{self, BufWriter};
use std::net::SocketAddrV4;
use std::path::Path;

use cws_wire::capture::{Direction, Interface, LINK_ETHERNET, PcapngWriter, Section};
use cws_wire::net::{Endpoint, TcpConversation, TcpEnd};

/// Where a login's password lies in its frame: length 2, type 1, user 6, then ten characters.
const PASSWORD: std::ops::Range<usize> = 9..19;

pub struct Capture {
    writer: PcapngWriter<BufWriter<File>>,
    dirty: bool,
}

impl Capture {
    pub fn create(folder: &Path, utc_ns: u64, application: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = File::create_new(folder.join(format!("risk-orders-{utc_ns}.pcapng")))?;
        let section = Section {
            application,
            clock_source: "software timestamps, CLOCK_REALTIME",
        };
        let interfaces = [
            ("orders", "order session"),
            ("drop_copy", "drop copy session"),
        ]
        .map(|(name, description)| Interface {
            name,
            description,
            link_type: LINK_ETHERNET,
        });
        let writer = PcapngWriter::new(
            BufWriter::with_capacity(1 << 16, file),
            section,
            &interfaces,
        )?;
        Ok(Self {
            writer,
            dirty: true,
        })
    }

    pub fn opened(
        &mut self,
        interface: u32,
        talk: &mut TcpConversation,
        utc_ns: u64,
    ) -> io::Result<()> {
        for (end, headers) in talk.handshake() {
            self.writer
                .write(interface, utc_ns, direction(end), &[&headers])?;
        }
        self.dirty = true;
        Ok(())
    }

    /// One piece of the stream. The password of a login is starred out.
    pub fn segment(
        &mut self,
        interface: u32,
        talk: &mut TcpConversation,
        from: TcpEnd,
        bytes: &[u8],
        utc_ns: u64,
    ) -> io::Result<()> {
        let mut masked;
        let mut bytes = bytes;
        if from == TcpEnd::Client && bytes.get(2) == Some(&b'L') && bytes.len() >= PASSWORD.end {
            masked = bytes.to_vec();
            masked[PASSWORD].fill(b'*');
            bytes = &masked;
        }
        let headers = talk.segment(from, bytes);
        self.dirty = true;
        self.writer
            .write(interface, utc_ns, direction(from), &[&headers, bytes])
    }

    /// One write(2) of what came together.
    pub fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.dirty) {
            self.writer.flush()?;
        }
        Ok(())
    }
}

pub fn endpoint(address: SocketAddrV4) -> Endpoint {
    Endpoint {
        address: address.ip().octets(),
        port: address.port(),
    }
}

fn direction(from: TcpEnd) -> Direction {
    match from {
        TcpEnd::Client => Direction::Out,
        TcpEnd::Server => Direction::In,
    }
}
