//! Market data to disk, on a thread of its own. What the disk is too slow for is dropped and counted; nothing waits.

use std::fs::File;
use std::io::{self, BufWriter};
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use cws_wire::capture::{Direction, Interface, LINK_ETHERNET, PcapngWriter, Section};
use cws_wire::net::{Endpoint, UdpFlow};

use crate::config::CaptureSettings;

/// Stands in every file: who took the times, and where.
pub const CLOCK_SOURCE: &str =
    "software timestamps: CLOCK_REALTIME, read in user space when the packet was received";
const FLUSH_EVERY: Duration = Duration::from_millis(200);

struct Taken {
    ts_ns: u64,
    source: u32,
    bytes: Box<[u8]>,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    failed: AtomicBool,
}

pub struct Capture {
    queue: Option<SyncSender<Taken>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
    dropped: u64,
}

/// Where the three sources of packets are heard, as `Tapped::source` numbers them: feed A, feed B, retransmission.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    pub feeds: [SocketAddrV4; 2],
    pub server: SocketAddrV4,
    pub own: SocketAddrV4,
}

impl Capture {
    /// Begins `folder/md-EPOCH-0001.pcapng`; a capture that is not wanted takes nothing.
    pub fn start(
        settings: CaptureSettings,
        folder: &Path,
        epoch: u16,
        (places, application): (Places, String),
    ) -> io::Result<Self> {
        let counts = Arc::new(Counts::default());
        let mut capture = Self {
            queue: None,
            thread: None,
            counts: counts.clone(),
            dropped: 0,
        };
        if !settings.enabled {
            return Ok(capture);
        }
        std::fs::create_dir_all(folder)?;
        let mut files = Files {
            folder: folder.into(),
            epoch,
            number: 0,
            application,
            settings,
            flows: flows(places),
        };
        let first = files.next()?;
        let (sender, receiver) = sync_channel(settings.queue_packets);
        let body = move || match write_all(&mut files, first, &receiver, &counts) {
            Ok(()) => {}
            Err(_) => counts.failed.store(true, Ordering::Release),
        };
        capture.thread = Some(
            std::thread::Builder::new()
                .name("capture".into())
                .spawn(body)?,
        );
        capture.queue = Some(sender);
        Ok(capture)
    }

    /// Queues one packet; never waits.
    pub fn offer(&mut self, ts_ns: u64, source: u32, bytes: &[u8]) {
        let Some(queue) = &self.queue else { return };
        let taken = Taken {
            ts_ns,
            source,
            bytes: bytes.into(),
        };
        if queue.try_send(taken).is_err() {
            self.dropped += 1;
        }
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn written(&self) -> u64 {
        self.counts.written.load(Ordering::Acquire)
    }

    /// The disk failed, or `files_max` is reached: nothing more is captured.
    pub fn has_failed(&self) -> bool {
        self.counts.failed.load(Ordering::Acquire)
    }
}

impl Drop for Capture {
    /// Writes what is queued, then ends.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

type Writer = PcapngWriter<BufWriter<File>>;

struct Files {
    folder: PathBuf,
    epoch: u16,
    number: u32,
    application: String,
    settings: CaptureSettings,
    flows: [UdpFlow; 3],
}

impl Files {
    fn next(&mut self) -> io::Result<Writer> {
        self.number += 1;
        if self.number > self.settings.files_max {
            return Err(io::Error::other("as many files as files_max allows"));
        }
        let name = format!("md-{:05}-{:04}.pcapng", self.epoch, self.number);
        let file = File::create_new(self.folder.join(name))?;
        let section = Section {
            application: &self.application,
            clock_source: CLOCK_SOURCE,
        };
        let interface = |name, description| Interface {
            name,
            description,
            link_type: LINK_ETHERNET,
        };
        let interfaces = [
            interface("feed-a", "market data, feed A"),
            interface("feed-b", "market data, feed B"),
            interface("again", "market data, sent again on request"),
        ];
        PcapngWriter::new(
            BufWriter::with_capacity(1 << 18, file),
            section,
            &interfaces,
        )
    }
}

fn write_all(
    files: &mut Files,
    first: Writer,
    queue: &Receiver<Taken>,
    counts: &Counts,
) -> io::Result<()> {
    let (mut writer, mut bytes) = (first, 0_u64);
    loop {
        match queue.recv_timeout(FLUSH_EVERY) {
            Ok(taken) => {
                let flow = files
                    .flows
                    .get(taken.source as usize)
                    .unwrap_or(&files.flows[0]);
                let headers = flow.headers(&taken.bytes);
                let interface = taken.source.min(2);
                writer.write(
                    interface,
                    taken.ts_ns,
                    Direction::In,
                    &[&headers, &taken.bytes],
                )?;
                counts.written.fetch_add(1, Ordering::Release);
                bytes += (headers.len() + taken.bytes.len() + 48) as u64;
                if bytes > files.settings.file_bytes_max {
                    writer.flush()?;
                    (writer, bytes) = (files.next()?, 0);
                }
            }
            Err(RecvTimeoutError::Timeout) => writer.flush()?,
            Err(RecvTimeoutError::Disconnected) => return writer.flush(),
        }
    }
}

fn flows(places: Places) -> [UdpFlow; 3] {
    let end = |address: SocketAddrV4| Endpoint {
        address: address.ip().octets(),
        port: address.port(),
    };
    let from = |source, destination| UdpFlow {
        source: end(source),
        destination: end(destination),
    };
    [
        from(places.server, places.feeds[0]),
        from(places.server, places.feeds[1]),
        from(places.server, places.own),
    ]
}
