//! A journal in several files: one chain, whatever file a record lies in.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cws_journal::{
    Checkpoint, Entry, HEADER_LEN, Journal, JournalError, Record, Settings, Tail, Writer, file_of,
    files_behind,
};
use ed25519_dalek::SigningKey;

/// Three records a file.
const FILE_BYTES: u64 = 200;
const RECORD: u64 = 64 + 3;
const RECORDS: u64 = 20;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cws-files-{name}-{}", std::process::id()));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }
    fn file(&self) -> PathBuf {
        self.0.join("risk.journal")
    }
    /// Twenty records in seven files.
    fn written(name: &str) -> Self {
        let folder = Self::new(name);
        let mut writer = open(&folder.file(), 7).expect("opens");
        for epoch in 1..=RECORDS {
            writer.append(epoch, &entry(epoch)).expect("room");
        }
        assert_eq!(folder.files().len(), 7);
        folder
    }
    fn files(&self) -> Vec<PathBuf> {
        let behind = files_behind(&self.file()).expect("whole");
        [vec![self.file()], behind].concat()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn entry(epoch: u64) -> Entry {
    let epoch = epoch as u16;
    Entry::Epoch {
        region: b'A',
        epoch,
    }
}

fn open(path: &Path, now_ns: u64) -> Result<Writer, JournalError> {
    let settings = Settings {
        file_bytes: FILE_BYTES,
        commit_every: Duration::from_millis(1),
        ..Settings::default()
    };
    Writer::open(path, now_ns, settings, |_| Ok(())).map(|(writer, _)| writer)
}

fn read(path: &Path) -> Result<(Vec<Record>, Tail), JournalError> {
    let mut journal = Journal::open(path)?;
    let records = journal.by_ref().collect::<Result<_, _>>()?;
    Ok((records, journal.tail()))
}

fn epochs(records: &[Record]) -> Vec<Entry> {
    records
        .iter()
        .map(|r| r.entry().expect("decodes"))
        .collect()
}

#[test]
fn files_are_bounded_and_their_chain_is_one() {
    let folder = Folder::written("one");
    for file in folder.files() {
        let len = file.metadata().expect("there").len();
        assert!(len < FILE_BYTES + RECORD, "{}: {len}", file.display());
    }
    let (records, tail) = read(&folder.file()).expect("sound");
    assert_eq!(
        epochs(&records),
        (1..=RECORDS).map(entry).collect::<Vec<_>>()
    );
    assert_eq!(tail, Tail::Whole);
    let joined: Vec<u8> = folder
        .files()
        .iter()
        .flat_map(|f| fs::read(f).expect("reads"))
        .collect();
    let mut in_memory = Journal::of_bytes(joined.clone()).expect("opens");
    for (record, expected) in in_memory.by_ref().zip(&records) {
        let record = record.expect("sound");
        assert_eq!((record.seq, record.hash), (expected.seq, expected.hash));
        let at = record.offset as usize + 64;
        assert_eq!(
            joined[at..at + 3],
            expected.payload,
            "an offset is of the buffer"
        );
    }
    assert_eq!(in_memory.tail(), Tail::Whole);
    let mut writer = open(&folder.file(), 99).expect("opens");
    assert_eq!(writer.append(1, &entry(21)).expect("room"), RECORDS + 1);
    assert_eq!(
        read(&folder.file()).expect("sound").0.len() as u64,
        RECORDS + 1
    );
    let total: u64 = folder
        .files()
        .iter()
        .map(|f| f.metadata().expect("there").len())
        .sum();
    assert_eq!(writer.len_bytes(), total);
}

#[test]
fn checkpoints_hold_over_every_seam_and_the_disk_gets_all_files() {
    let folder = Folder::new("seam");
    let mut writer = open(&folder.file(), 7).expect("opens");
    let key = SigningKey::from_bytes(&[3; 32]);
    for epoch in 1..=RECORDS {
        writer.append(epoch, &entry(epoch)).expect("room");
        let signed = Checkpoint::of(writer.head(), 5).sign(&key);
        signed
            .prove(&folder.file(), &key.verifying_key())
            .expect("the chain has it");
    }
    for _ in 0..5_000 {
        if writer.synced_seq() == RECORDS {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the last record was never committed");
}

#[test]
fn a_file_that_is_missing_is_named() {
    for missing in [0, 1, 4] {
        let folder = Folder::written("missing");
        let path = file_of(&folder.file(), missing);
        fs::remove_file(&path).expect("removes");
        let faults = [read(&folder.file()).err(), open(&folder.file(), 9).err()];
        for fault in faults {
            let said = fault.expect("refused").to_string();
            assert!(said.starts_with("CWS-JOURNAL-008"), "{said}");
            assert!(said.contains(&format!("; {};", path.display())), "{said}");
        }
        assert!(!path.exists(), "nothing is made in its place");
    }
}

#[test]
fn a_torn_tail_is_of_the_last_file_alone() {
    for number in 0..7_u32 {
        let folder = Folder::written("torn");
        let path = file_of(&folder.file(), number);
        let whole = fs::read(&path).expect("reads");
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).expect("writes");
            let found = read(&folder.file());
            if number < 6 {
                let said = found.expect_err("torn in the middle").to_string();
                // Where whole records are gone, it is the next file that does not follow.
                let seam = cut >= HEADER_LEN && ((cut - HEADER_LEN) as u64).is_multiple_of(RECORD);
                let named = file_of(&folder.file(), number + u32::from(seam));
                assert!(
                    said.contains(&format!("{} record", named.display())),
                    "{said}"
                );
                continue;
            }
            let records = (cut.max(HEADER_LEN) - HEADER_LEN) as u64 / RECORD;
            assert_eq!(found.expect("sound").0.len() as u64, 18 + records);
            let mut writer = open(&folder.file(), 9).expect("the tail is cut off");
            writer.append(1, &entry(77)).expect("room");
            drop(writer);
            let (again, tail) = read(&folder.file()).expect("sound");
            assert_eq!((again.len() as u64, tail), (18 + records + 1, Tail::Whole));
        }
    }
}

#[test]
fn files_of_others_and_in_another_order_are_refused() {
    let (folder, other) = (Folder::written("order"), Folder::new("other"));
    let mut writer = open(&other.file(), 8).expect("opens");
    for epoch in 1..=RECORDS {
        writer.append(epoch, &entry(epoch)).expect("room");
    }
    let [second, third] = [2, 3].map(|number| file_of(&folder.file(), number));
    let kept = fs::read(&second).expect("reads");
    for wrong in [file_of(&other.file(), 2), third] {
        fs::copy(&wrong, &second).expect("copies");
        let said = read(&folder.file()).expect_err("refused").to_string();
        assert!(said.starts_with("CWS-JOURNAL-002"), "{said}");
        assert!(said.contains(&format!("; {};", second.display())), "{said}");
    }
    fs::write(&second, kept).expect("writes");
    read(&folder.file()).expect("as it was");
    let said = Journal::open(&second)
        .err()
        .expect("no first file")
        .to_string();
    assert!(said.contains("not the first file"), "{said}");
}

#[test]
fn every_flipped_bit_is_found_in_its_file() {
    let folder = Folder::written("flip");
    for path in folder.files() {
        let whole = fs::read(&path).expect("reads");
        for byte in 0..whole.len() {
            let mut changed = whole.clone();
            changed[byte] ^= 1 << (byte % 8);
            fs::write(&path, changed).expect("writes");
            let said = read(&folder.file()).expect_err("found").to_string();
            let named = said.contains(&format!("{} ", path.display()))
                || said.contains(&format!("{};", path.display()));
            assert!(named, "byte {byte} of {}: {said}", path.display());
        }
        fs::write(&path, whole).expect("writes");
    }
}

#[test]
fn without_a_next_file_the_writer_fails_for_good() {
    let folder = Folder::new("next");
    let mut writer = open(&folder.file(), 7).expect("opens");
    fs::create_dir(file_of(&folder.file(), 1)).expect("stands in the way");
    for epoch in 1..=3 {
        writer
            .append(epoch, &entry(epoch))
            .expect("the first file takes it");
    }
    let said = writer
        .append(4, &entry(4))
        .expect_err("no second file")
        .to_string();
    assert!(
        said.contains("CWS-JOURNAL-001") && said.contains("os error 17"),
        "{said}"
    );
    drop(writer);
    fs::remove_dir(file_of(&folder.file(), 1)).expect("out of the way");
    assert_eq!(read(&folder.file()).expect("sound").0.len(), 3);
}
