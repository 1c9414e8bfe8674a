//! A journal against torn tails, flipped bits, full disks and two writers.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use cws_abi::{Execution, OrderIntent};
use cws_journal::{
    Checkpoint, Entry, Journal, JournalError, KillScope, ParentOrder, Record, Settings, Tail,
    Trigger, Writer,
};
use ed25519_dalek::SigningKey;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cws-journal-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder of our own");
        Self(path)
    }
    fn file(&self) -> PathBuf {
        self.0.join("risk.journal")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn entries() -> Vec<Entry> {
    vec![
        Entry::Start {
            build_hash: [7; 32],
            version: "1.0.0".into(),
        },
        Entry::Parent(ParentOrder {
            parent_id: 9,
            strategy: "reversal".into(),
            ..ParentOrder::default()
        }),
        Entry::Intent(OrderIntent {
            seq: 1,
            quantity: -5,
            ..OrderIntent::default()
        }),
        Entry::Sent {
            order_id: 3,
            orig_order_id: 0,
            bytes: b"O123".to_vec(),
        },
        Entry::Kill {
            scope: KillScope::Firm,
            trigger: Trigger::Command,
            name: String::new(),
            who: "ops".into(),
            reason: "drill".into(),
        },
    ]
}

fn write(path: &std::path::Path, entries: &[Entry]) -> Checkpoint {
    let (mut writer, _) = open(path, &mut Vec::new()).expect("opens");
    for (at, entry) in entries.iter().enumerate() {
        writer.append(100 + at as u64, entry).expect("room");
    }
    Checkpoint::of(writer.head(), 1)
}

fn open(
    path: &std::path::Path,
    seen: &mut Vec<Record>,
) -> Result<(Writer, cws_journal::Opened), JournalError> {
    Writer::open(path, 1, Settings::default(), |record| {
        seen.push(record.clone());
        Ok(())
    })
}

#[test]
fn what_was_appended_comes_back_and_goes_on() {
    let folder = Folder::new("back");
    let first = write(&folder.file(), &entries());
    let mut seen = Vec::new();
    let (mut writer, opened) = open(&folder.file(), &mut seen).expect("opens");
    assert_eq!((opened.records, opened.tail), (5, Tail::Whole));
    let read: Vec<Entry> = seen.iter().map(|r| r.entry().expect("decodes")).collect();
    assert_eq!(read, entries());
    assert_eq!(writer.head().hash, first.hash);
    assert_eq!(
        writer
            .append(9, &Entry::Execution(Execution::default()))
            .expect("room"),
        6
    );
}

#[test]
fn every_cut_leaves_the_whole_records_before_it() {
    let folder = Folder::new("cut");
    write(&folder.file(), &entries());
    let bytes = fs::read(folder.file()).expect("reads");
    let ends: Vec<u64> = Journal::open(&folder.file())
        .expect("opens")
        .map(|r| r.expect("sound").offset)
        .skip(1)
        .chain([bytes.len() as u64])
        .collect();
    for len in 0..=bytes.len() {
        let cut = folder.0.join("cut");
        fs::write(&cut, &bytes[..len]).expect("writes");
        let whole = ends.iter().filter(|end| **end <= len as u64).count();
        let (mut writer, opened) = open(&cut, &mut Vec::new()).expect("a cut is no corruption");
        assert_eq!(opened.records, whole as u64, "cut at {len}");
        let sound = len == 0 || len == 32 || ends.contains(&(len as u64));
        assert_eq!(opened.tail == Tail::Whole, sound, "cut at {len}");
        writer
            .append(1, &entries()[0])
            .expect("goes on after the cut");
        drop(writer);
        let records = Journal::open(&cut)
            .expect("opens")
            .filter(Result::is_ok)
            .count();
        assert_eq!(records, whole + 1, "cut at {len}");
    }
}

#[test]
fn every_flipped_bit_is_located() {
    let folder = Folder::new("flip");
    write(&folder.file(), &entries());
    let bytes = fs::read(folder.file()).expect("reads");
    let starts: Vec<u64> = Journal::open(&folder.file())
        .expect("opens")
        .map(|r| r.expect("sound").offset)
        .collect();
    let flipped = folder.0.join("flipped");
    for at in 0..bytes.len() {
        let bit = (at % 8) as u8;
        let mut changed = bytes.clone();
        changed[at] ^= 1 << bit;
        fs::write(&flipped, &changed).expect("writes");
        let expected = starts.iter().filter(|start| **start <= at as u64).count() as u64;
        match open(&flipped, &mut Vec::new()).map(|_| ()) {
            Err(JournalError::Corrupt {
                record,
                offset,
                flip,
                ..
            }) => {
                assert_eq!(record, expected, "byte {at}");
                let start = if record == 0 {
                    0
                } else {
                    starts[record as usize - 1]
                };
                assert_eq!(offset, start);
                if record > 0 {
                    assert_eq!(flip, Some((at as u64, bit)));
                }
            }
            other => panic!("byte {at}: {other:?}"),
        }
        assert_eq!(
            fs::read(&flipped).expect("reads"),
            changed,
            "a refused journal is left as it is"
        );
    }
}

#[test]
fn zeros_behind_the_end_are_a_torn_tail() {
    let folder = Folder::new("zeros");
    write(&folder.file(), &entries());
    let mut bytes = fs::read(folder.file()).expect("reads");
    let whole = bytes.len() as u64;
    bytes.resize(bytes.len() + 5000, 0);
    fs::write(folder.file(), &bytes).expect("writes");
    let (_, opened) = open(&folder.file(), &mut Vec::new()).expect("opens");
    assert_eq!(
        opened.tail,
        Tail::Torn {
            at: whole,
            bytes: 5000
        }
    );
}

#[test]
fn another_file_and_a_second_writer_are_refused() {
    let folder = Folder::new("foreign");
    fs::write(folder.file(), b"[package]\nname = \"no journal, this\"\n").expect("writes");
    let refused = |folder: &Folder| {
        open(&folder.file(), &mut Vec::new())
            .err()
            .expect("refused")
            .to_string()
    };
    assert!(refused(&folder).contains("CWS-JOURNAL-002"));
    fs::write(folder.file(), b"no").expect("writes");
    assert!(refused(&folder).contains("CWS-JOURNAL-002"));
    fs::remove_file(folder.file()).expect("removes");
    let held = open(&folder.file(), &mut Vec::new()).expect("opens");
    assert!(refused(&folder).contains("CWS-JOURNAL-005"));
    drop(held);
}

#[test]
fn the_commit_thread_follows() {
    let folder = Folder::new("commit");
    let (mut writer, _) = open(&folder.file(), &mut Vec::new()).expect("opens");
    let seq = writer.append(1, &entries()[0]).expect("room");
    for _ in 0..2000 {
        if writer.synced_seq() == seq {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing was committed");
}

#[test]
fn a_checkpoint_proves_its_journal_and_no_other() {
    let folder = Folder::new("checkpoint");
    let key = SigningKey::from_bytes(&[3; 32]);
    let signed = write(&folder.file(), &entries()).sign(&key);
    signed
        .prove(&folder.file(), &key.verifying_key())
        .expect("its own");
    let mut forged = signed;
    forged.checkpoint.seq -= 1;
    let error = forged
        .verify(&key.verifying_key())
        .expect_err("another seq");
    assert!(error.to_string().contains("CWS-JOURNAL-007"));
    let forged = forged.checkpoint.sign(&key);
    assert!(
        forged.prove(&folder.file(), &key.verifying_key()).is_err(),
        "hash of another seq"
    );
    let mut rewritten = entries();
    rewritten.remove(1);
    rewritten.push(entries()[0].clone());
    fs::remove_file(folder.file()).expect("removes");
    write(&folder.file(), &rewritten);
    assert!(signed.prove(&folder.file(), &key.verifying_key()).is_err());
}

#[test]
fn an_unknown_kind_or_a_wrong_payload_has_its_code() {
    for (kind, payload) in [
        (99_u16, vec![]),
        (4, vec![0; 63]),
        (4, vec![0; 65]),
        (11, vec![9]),
    ] {
        let error = Entry::decode(kind, &payload)
            .expect_err("refused")
            .to_string();
        assert!(error.contains("CWS-JOURNAL-006"), "{error}");
    }
}
