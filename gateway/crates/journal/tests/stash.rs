//! What is kept in shared memory is written by whoever opens the journal next: all of it, once, as it would have been.

use std::fs;
use std::path::{Path, PathBuf};

use cws_abi::{OrderIntent, Stash};
use cws_journal::{Entry, JournalError, Opened, Settings, Writer, stash_of};

const SETTINGS: Settings = Settings {
    max_bytes: 1 << 20,
    file_bytes: 1 << 20,
    stash: true,
    commit_every: std::time::Duration::from_millis(5),
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cws-stash-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("risk.journal")
    }

    /// Journal and stash as a death would leave them now.
    fn death(&self) -> (Vec<u8>, Vec<u8>) {
        let (journal, stash) = (self.file(), stash_of(&self.file()));
        (
            fs::read(journal).expect("reads"),
            fs::read(stash).expect("reads"),
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn intent(seq: u64) -> Entry {
    Entry::Intent(OrderIntent {
        seq,
        ..OrderIntent::default()
    })
}

/// Two records that are written.
fn begin(path: &Path, settings: Settings) -> Writer {
    let (mut writer, _) = open(path, settings).expect("opens").0;
    for seq in 1..=2 {
        writer.append(seq, &intent(seq)).expect("room");
    }
    writer
}

/// The writer, what opening found, and the seqs that were replayed.
type Life = ((Writer, Opened), Vec<u64>);

fn open(path: &Path, settings: Settings) -> Result<Life, JournalError> {
    let mut seen = Vec::new();
    let opened = Writer::open(path, 7, settings, |record| {
        assert_eq!(record.entry()?, intent(record.seq));
        seen.push(record.seq);
        Ok(())
    })?;
    Ok((opened, seen))
}

/// The next life of a journal that was left so.
fn next_life(name: &str, (journal, stash): (&[u8], &[u8])) -> (Opened, Vec<u64>, Vec<u8>) {
    let folder = Folder::new(name);
    fs::write(folder.file(), journal).expect("writes");
    fs::write(stash_of(&folder.file()), stash).expect("writes");
    let ((writer, opened), seen) = open(&folder.file(), SETTINGS).expect("opens");
    drop(writer);
    let (left, _) = folder.death();
    let again = Stash::open(&stash_of(&folder.file())).expect("opens");
    assert!(!again.holds(), "written is not kept");
    (opened, seen, left)
}

/// Deaths between keeping and writing, in the midst of the write, and between the write and the clearing.
#[test]
fn wherever_it_dies_the_journal_is_the_one_that_it_would_have_been() {
    let folder = Folder::new("dies");
    let mut writer = begin(&folder.file(), SETTINGS);
    for seq in 3..=5 {
        writer.stage(seq, &intent(seq));
    }
    writer.keep().expect("room");
    let (before, stash) = folder.death();
    writer.flush().expect("room");
    let head = writer.head();
    let (after, cleared) = folder.death();
    assert!(after.len() > before.len() && after.starts_with(&before));
    for len in before.len()..=after.len() {
        let (opened, seen, left) = next_life("cut", (&after[..len], &stash));
        assert_eq!(seen, [1, 2, 3, 4, 5], "cut at {len}");
        assert_eq!(left, after, "cut at {len}");
        assert_eq!(opened.records, 5, "cut at {len}");
    }
    let (opened, ..) = next_life("before", (&before, &stash));
    assert_eq!(opened.kept, 3);
    let (opened, seen, _) = next_life("cleared", (&after, &cleared));
    assert_eq!((opened.kept, seen.len()), (0, 5));
    assert_eq!(head.seq, 5);
}

#[test]
fn a_changed_bit_of_what_is_kept_makes_no_record() {
    let folder = Folder::new("bit");
    let mut writer = begin(&folder.file(), SETTINGS);
    writer.stage(3, &intent(3));
    writer.keep().expect("room");
    let (journal, stash) = folder.death();
    let used = 64 + stash[24] as usize;
    for bit in 8 * 8..8 * used {
        // Not of the words between the length and the bytes: nothing stands there.
        if (32..64).contains(&(bit / 8)) {
            continue;
        }
        let mut flipped = stash.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let (opened, seen, left) = next_life("flip", (&journal, &flipped));
        assert_eq!((opened.kept, seen), (0, vec![1, 2]), "bit {bit}");
        assert_eq!(left, journal, "bit {bit}");
    }
}

#[test]
fn what_another_journal_kept_is_not_taken() {
    let folder = Folder::new("another");
    let mut writer = begin(&folder.file(), SETTINGS);
    writer.stage(3, &intent(3));
    writer.keep().expect("room");
    let (_, stash) = folder.death();
    let other = Folder::new("other");
    let mut writer = Writer::open(&other.file(), 8, SETTINGS, |_| Ok(()))
        .expect("opens")
        .0;
    for seq in 1..=2 {
        writer.append(seq, &intent(seq)).expect("room");
    }
    let (journal, _) = other.death();
    let (opened, seen, _) = next_life("taken", (&journal, &stash));
    assert_eq!((opened.kept, seen), (0, vec![1, 2]));
}

/// An older journal was put back: what follows on records that it does not have cannot be joined to it.
#[test]
fn what_does_not_follow_is_not_taken() {
    let folder = Folder::new("gap");
    let mut writer = begin(&folder.file(), SETTINGS);
    let (older, _) = folder.death();
    writer.append(3, &intent(3)).expect("room");
    writer.stage(4, &intent(4));
    writer.keep().expect("room");
    let (_, stash) = folder.death();
    let (opened, seen, left) = next_life("older", (&older, &stash));
    assert_eq!((opened.kept, seen), (0, vec![1, 2]));
    assert_eq!(left, older);
}

#[test]
fn what_has_no_room_there_is_written_at_once() {
    let folder = Folder::new("large");
    let mut writer = begin(&folder.file(), SETTINGS);
    let many = 2 + Stash::ROOM as u64 / 64;
    for seq in 3..=many {
        writer.stage(seq, &intent(seq));
    }
    writer.keep().expect("room in the file");
    let (journal, stash) = folder.death();
    let (opened, seen, _) = next_life("many", (&journal, &stash));
    assert_eq!((opened.kept, seen.len() as u64), (0, many));
}

/// The limit is looked at before, not after: who cannot write later may not keep now.
#[test]
fn what_the_file_may_not_take_is_not_kept() {
    let folder = Folder::new("limit");
    let settings = Settings {
        max_bytes: 400,
        ..SETTINGS
    };
    let mut writer = begin(&folder.file(), settings);
    writer.stage(3, &intent(3));
    let error = writer.keep().expect_err("32 + 3 * 128 bytes");
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    let (journal, stash) = folder.death();
    let (opened, seen, _) = next_life("limit-next", (&journal, &stash));
    assert_eq!((opened.kept, seen), (0, vec![1, 2]));
}

#[test]
fn a_file_that_is_no_stash_is_refused() {
    let folder = Folder::new("foreign");
    fs::write(stash_of(&folder.file()), [7; 4096]).expect("writes");
    let error = open(&folder.file(), SETTINGS).err().expect("refused");
    assert!(
        error.to_string().contains("CWS-JOURNAL-001") && error.to_string().contains("no stash"),
        "{error}"
    );
}
