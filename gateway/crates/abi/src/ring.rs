//! Single producer, single consumer, each in its own process, neither trusting the other.
//!
//! The ring file is written by the producer alone, the cursor file by the consumer alone: a reader cannot corrupt a
//! writer. Both survive the death of their process, so a restart goes on where it was: what the consumer had not
//! released is seen again (at least once; `seq` tells doubles apart).
//!
//! A ring that was removed and made anew counts from 0 again: its birth says so, and a cursor of another birth is none.
//!
//! Layout of `NAME.ring`: 0 magic, 8 record size, 16 capacity, 24 birth (UTC ns), 64 head (records ever written),
//! 128 records. Layout of `NAME.cursor`: 0 tail (records ever released), 8 birth of the ring that it counts.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::size_of;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::mapping::Mapping;
use crate::records::Record;

const MAGIC: u64 = 0x3147_4e49_5253_5743; // "CWSRING1", little-endian
const BIRTH: usize = 24;
const CURSOR_BIRTH: usize = 8;
const HEAD: usize = 64;
const RECORDS: usize = 128;
const CURSOR_LEN: usize = 64;
const CAPACITY_MAX: u64 = 1 << 24;

#[derive(Debug)]
pub enum RingError {
    Io(io::Error),
    /// The file is of another version, record or capacity, or its counters contradict each other.
    Foreign(String),
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "CWS-RING-001 {error}"),
            Self::Foreign(what) => write!(
                f,
                "CWS-RING-002 {what}; stop both sides and remove the file"
            ),
        }
    }
}

impl std::error::Error for RingError {}

impl From<io::Error> for RingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The consumer is a whole ring behind; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingFull;

pub struct Producer<T: Record> {
    ring: Mapping,
    cursor: Option<Mapping>,
    cursor_path: std::path::PathBuf,
    capacity: u64,
    birth: u64,
    head: u64,
    record: PhantomData<T>,
}

impl<T: Record> Producer<T> {
    /// Makes `ring`, or goes on with it where it stands. `capacity` in records, a power of two.
    pub fn open(ring: &Path, cursor: &Path, capacity: u64) -> Result<Self, RingError> {
        assert!(
            capacity.is_power_of_two() && capacity <= CAPACITY_MAX,
            "a power of two up to 2^24"
        );
        let mapping = Mapping::writable(ring, RECORDS + capacity as usize * size_of::<T>())?;
        let fields = [MAGIC, size_of::<T>() as u64, capacity];
        let found = [word(&mapping, 0), word(&mapping, 8), word(&mapping, 16)]
            .map(|field| field.load(Ordering::Acquire));
        if found == [0; 3] {
            for (place, value) in
                [8, 16, BIRTH, 0]
                    .into_iter()
                    .zip([fields[1], fields[2], utc_ns(), fields[0]])
            {
                word(&mapping, place).store(value, Ordering::Release);
            }
        } else if found != fields {
            return Err(RingError::Foreign(format!(
                "{} is another ring: {found:?}",
                ring.display()
            )));
        }
        let [birth, head] =
            [BIRTH, HEAD].map(|place| word(&mapping, place).load(Ordering::Acquire));
        Ok(Self {
            ring: mapping,
            cursor: None,
            cursor_path: cursor.into(),
            capacity,
            birth,
            head,
            record: PhantomData,
        })
    }

    /// Records ever written; the next one gets `written() + 1` as its `seq`.
    pub fn written(&self) -> u64 {
        self.head
    }

    /// Records written and not yet released by the consumer.
    pub fn waiting(&mut self) -> u64 {
        self.head - self.released()
    }

    pub fn try_push(&mut self, record: &T) -> Result<(), RingFull> {
        if self.waiting() >= self.capacity {
            return Err(RingFull);
        }
        let place = RECORDS + (self.head & (self.capacity - 1)) as usize * size_of::<T>();
        // SAFETY: a whole record inside the mapping; the consumer reads it only after the store of head below.
        unsafe { self.ring.at(place).cast::<T>().write_unaligned(*record) };
        self.head += 1;
        word(&self.ring, HEAD).store(self.head, Ordering::Release);
        Ok(())
    }

    /// Raw parts for the C++ producer: head, records, capacity. See `hot/abi.hpp`.
    pub fn raw_parts(&self) -> (*mut u8, *mut u8, u64) {
        (self.ring.at(HEAD), self.ring.at(RECORDS), self.capacity)
    }

    /// The consumer's cursor for the C++ producer; null until the consumer has made it.
    pub fn raw_cursor(&mut self) -> *const u8 {
        self.released();
        self.cursor
            .as_ref()
            .map_or(std::ptr::null(), |mapping| mapping.at(0).cast_const())
    }

    /// After C++ wrote records: take over its head.
    pub fn refresh(&mut self) {
        self.head = word(&self.ring, HEAD).load(Ordering::Acquire);
    }

    /// A consumer that never came has released nothing, nor has the cursor of an earlier ring; one that lies about the
    /// future is held at head.
    fn released(&mut self) -> u64 {
        if self.cursor.is_none() {
            self.cursor = Mapping::readable(&self.cursor_path)
                .ok()
                .filter(|m| m.len() == CURSOR_LEN)
                .filter(|m| word(m, CURSOR_BIRTH).load(Ordering::Acquire) == self.birth);
        }
        let tail = self
            .cursor
            .as_ref()
            .map_or(0, |mapping| word(mapping, 0).load(Ordering::Acquire));
        tail.min(self.head)
    }
}

pub struct Consumer<T: Record> {
    ring: Mapping,
    cursor: Mapping,
    capacity: u64,
    birth: u64,
    next: u64,
    record: PhantomData<T>,
}

impl<T: Record> Consumer<T> {
    /// Opens a ring that its producer has made, at the first record not yet released; a ring that the cursor does not
    /// know, at its first.
    pub fn open(ring: &Path, cursor: &Path) -> Result<Self, RingError> {
        let mapping = Mapping::readable(ring)?;
        if mapping.len() < RECORDS {
            return Err(RingError::Foreign(format!(
                "{} is too short",
                ring.display()
            )));
        }
        let [magic, size, capacity] =
            [0, 8, 16].map(|place| word(&mapping, place).load(Ordering::Acquire));
        let fits = magic == MAGIC
            && size == size_of::<T>() as u64
            && capacity.is_power_of_two()
            && capacity <= CAPACITY_MAX
            && mapping.len() == RECORDS + capacity as usize * size_of::<T>();
        if !fits {
            return Err(RingError::Foreign(format!(
                "{} is no ring of these records",
                ring.display()
            )));
        }
        let cursor = Mapping::writable(cursor, CURSOR_LEN)?;
        let birth = word(&mapping, BIRTH).load(Ordering::Acquire);
        if word(&cursor, CURSOR_BIRTH).load(Ordering::Acquire) != birth {
            // In this order: what a death leaves between is a cursor of no ring, and is set anew.
            word(&cursor, 0).store(0, Ordering::Release);
            word(&cursor, CURSOR_BIRTH).store(birth, Ordering::Release);
        }
        let next = word(&cursor, 0).load(Ordering::Acquire);
        Ok(Self {
            ring: mapping,
            cursor,
            capacity,
            birth,
            next,
            record: PhantomData,
        })
    }

    /// A copy of the next record: what is checked cannot change afterwards. It stays unreleased.
    ///
    /// # Errors
    /// `Foreign` where the producer's head jumped by more than a ring or went back, or its file was cut off: it is broken
    /// or lies.
    pub fn take(&mut self) -> Result<Option<T>, RingError> {
        let head = word(&self.ring, HEAD).load(Ordering::Acquire);
        self.whole()?;
        if head == self.next {
            return Ok(None);
        }
        if head < self.next || head - self.next > self.capacity {
            return Err(RingError::Foreign(format!(
                "head {head} cannot follow tail {}",
                self.next
            )));
        }
        let place = RECORDS + (self.next & (self.capacity - 1)) as usize * size_of::<T>();
        // SAFETY: inside the mapping; every bit pattern is a T. A producer that writes meanwhile gives nonsense
        // values, which are checked after the copy, and harms only itself.
        let record = unsafe { std::ptr::read_volatile(self.ring.at(place).cast::<T>()) };
        self.whole()?;
        self.next += 1;
        Ok(Some(record))
    }

    /// What was just read was the file, and not the zeros that stand for its missing end.
    fn whole(&self) -> Result<(), RingError> {
        if self.ring.torn() {
            return Err(RingError::Foreign(
                "the ring was cut off while it was read".into(),
            ));
        }
        Ok(())
    }

    /// All records handed out so far are done with: the producer may reuse their places.
    pub fn release(&mut self) {
        word(&self.cursor, 0).store(self.next, Ordering::Release);
    }

    /// Passes over all that was written so far and gives how many records that were.
    ///
    /// # Errors
    /// `Foreign` where its file was cut off.
    pub fn pass_over(&mut self) -> Result<u64, RingError> {
        let head = word(&self.ring, HEAD).load(Ordering::Acquire);
        self.whole()?;
        let missed = head.saturating_sub(self.next);
        self.next = head;
        Ok(missed)
    }

    /// Which ring it is: of two that had one name, each has its own.
    pub fn birth(&self) -> u64 {
        self.birth
    }

    /// Records handed out so far, released or not.
    pub fn taken(&self) -> u64 {
        self.next
    }
}

fn utc_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn word(mapping: &Mapping, offset: usize) -> &AtomicU64 {
    assert!(offset.is_multiple_of(8) && offset + 8 <= mapping.len());
    // SAFETY: aligned (mappings start on a page), inside, and only ever touched as an atomic.
    unsafe { &*mapping.at(offset).cast::<AtomicU64>() }
}
