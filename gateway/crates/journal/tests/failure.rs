//! The disk says no: the writer stays failed and its owner sees it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cws_journal::{Entry, JournalError, Settings, Sink, SyncFn, Writer};

#[derive(Clone, Default)]
struct Disk {
    room: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    kept: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Sink for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed) as usize;
        let mut kept = self.kept.lock().expect("no panic held it");
        if kept.len() + bytes.len() > room {
            let part = room - kept.len();
            kept.extend_from_slice(&bytes[..part]);
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        kept.extend_from_slice(bytes);
        Ok(())
    }
    fn sync_fn(&self) -> io::Result<SyncFn> {
        let broken = Arc::clone(&self.broken);
        Ok(Box::new(move || match broken.load(Ordering::Relaxed) {
            true => Err(io::Error::from_raw_os_error(libc::EIO)),
            false => Ok(()),
        }))
    }
}

fn entry() -> Entry {
    Entry::Epoch {
        region: b'A',
        epoch: 3,
    }
}

#[test]
fn a_full_disk_fails_the_writer_for_good() {
    let disk = Disk::default();
    disk.room.store(250, Ordering::Relaxed);
    let mut writer =
        Writer::to_sink(Box::new(disk.clone()), 1, Settings::default()).expect("room for a header");
    for _ in 0..3 {
        writer.append(1, &entry()).expect("room for three");
    }
    let error = writer.append(1, &entry()).expect_err("full").to_string();
    assert!(
        error.contains("CWS-JOURNAL-001") && error.contains("28"),
        "{error}"
    );
    disk.room.store(1 << 20, Ordering::Relaxed);
    writer
        .append(1, &entry())
        .expect_err("no writing behind a torn record");
    assert!(writer.health().is_err());
    assert_eq!(disk.kept.lock().expect("kept").len(), 250);
}

#[test]
fn a_failed_commit_is_seen_by_the_next_append() {
    let disk = Disk::default();
    disk.room.store(1 << 20, Ordering::Relaxed);
    let mut writer =
        Writer::to_sink(Box::new(disk.clone()), 1, Settings::default()).expect("opens");
    writer.append(1, &entry()).expect("room");
    disk.broken.store(true, Ordering::Relaxed);
    for _ in 0..2000 {
        if let Err(error) = writer.append(1, &entry()) {
            assert!(error.to_string().contains("(os error 5)"), "{error}");
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("EIO of fdatasync was never told");
}

/// The commit thread goes on after its first commit.
#[test]
fn a_commit_that_fails_later_is_seen() {
    let disk = Disk::default();
    disk.room.store(1 << 20, Ordering::Relaxed);
    let mut writer =
        Writer::to_sink(Box::new(disk.clone()), 1, Settings::default()).expect("opens");
    for seq in 1..=3 {
        writer.append(1, &entry()).expect("room");
        let committed = (0..5_000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            writer.synced_seq() == seq
        });
        assert!(committed, "record {seq}");
    }
    disk.broken.store(true, Ordering::Relaxed);
    writer.append(1, &entry()).expect("room");
    let seen = (0..5_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        writer.health().is_err()
    });
    assert!(seen, "EIO of a later fdatasync was never told");
}

#[test]
fn the_largest_size_is_a_limit() {
    let disk = Disk::default();
    disk.room.store(1 << 20, Ordering::Relaxed);
    let settings = Settings {
        max_bytes: 150,
        ..Settings::default()
    };
    let mut writer = Writer::to_sink(Box::new(disk), 1, settings).expect("opens");
    writer.append(1, &entry()).expect("32 + 67 bytes");
    let error = writer.append(1, &entry()).expect_err("99 + 67 bytes");
    assert!(
        matches!(error, JournalError::Full { .. }) && error.to_string().contains("CWS-JOURNAL-004")
    );
    assert!(writer.health().is_err());
}

#[test]
fn dev_full_is_enospc() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let error = Writer::to_sink(
        Box::new(cws_journal::FileSink(full)),
        1,
        Settings::default(),
    )
    .err()
    .expect("no room for the header");
    assert!(error.to_string().contains("os error 28"), "{error}");
}
