//! The venue's own log of inputs: what a killed venue needs to come back with the same streams and the same book.
//!
//! A file begins with a magic, the session's name and the hash of the configuration. A record is `length u32 | kind u8 | time u64 | body |
//! check u32`, little-endian; length counts kind to body, check is the start of their BLAKE3. A torn tail is cut.

use cws_process::fault::Fault;

pub const MAGIC: &[u8; 8] = b"CWSVEN01";
pub const HEAD_LEN: usize = 50;
const BODY_MAX: usize = 1 << 16;
const FIXED: usize = 9;

/// One input and its event time, UTC ns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub time_ns: u64,
    pub input: Input,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    StartOfDay,
    /// An OUCH message of session number `.0`.
    Order(u16, Vec<u8>),
    /// One step of the flow.
    Flow,
    /// Held-back fills that are due go out.
    Release,
    /// Lockstep: the next packet is published.
    Publish,
    Halt(u16),
    Resume(u16),
    /// Fault settings, JSON.
    Fault(Vec<u8>),
    EndOfDay,
    EndOfSession,
}

impl Input {
    fn parts(&self) -> (u8, Vec<u8>) {
        match self {
            Self::StartOfDay => (1, Vec::new()),
            Self::Order(desk, bytes) => (2, [&desk.to_le_bytes(), bytes.as_slice()].concat()),
            Self::Flow => (3, Vec::new()),
            Self::Release => (4, Vec::new()),
            Self::Publish => (5, Vec::new()),
            Self::Halt(symbol) => (6, symbol.to_le_bytes().to_vec()),
            Self::Resume(symbol) => (7, symbol.to_le_bytes().to_vec()),
            Self::Fault(json) => (8, json.clone()),
            Self::EndOfDay => (9, Vec::new()),
            Self::EndOfSession => (10, Vec::new()),
        }
    }

    fn from_parts(kind: u8, body: &[u8]) -> Option<Self> {
        let number = |body: &[u8]| body.try_into().ok().map(u16::from_le_bytes);
        Some(match kind {
            1 => Self::StartOfDay,
            2 => {
                let (desk, bytes) = body.split_first_chunk::<2>()?;
                Self::Order(u16::from_le_bytes(*desk), bytes.to_vec())
            }
            3 => Self::Flow,
            4 => Self::Release,
            5 => Self::Publish,
            6 => Self::Halt(number(body)?),
            7 => Self::Resume(number(body)?),
            8 => Self::Fault(body.to_vec()),
            9 => Self::EndOfDay,
            10 => Self::EndOfSession,
            _ => return None,
        })
    }
}

impl Record {
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let (kind, body) = self.input.parts();
        let length = u32::try_from(FIXED + body.len()).expect("inputs are short");
        out.extend_from_slice(&length.to_le_bytes());
        let start = out.len();
        out.push(kind);
        out.extend_from_slice(&self.time_ns.to_le_bytes());
        out.extend_from_slice(&body);
        let check = check(&out[start..]);
        out.extend_from_slice(&check);
    }
}

fn check(bytes: &[u8]) -> [u8; 4] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("32 bytes")
}

/// Which day a journal is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub session: [u8; 10],
    pub config: blake3::Hash,
}

impl Day {
    pub fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[..8].copy_from_slice(MAGIC);
        head[8..18].copy_from_slice(&self.session);
        head[18..].copy_from_slice(self.config.as_bytes());
        head
    }

    /// Whether the file is a whole journal of another session.
    pub fn is_another(&self, bytes: &[u8]) -> bool {
        bytes.len() >= HEAD_LEN && bytes[..8] == *MAGIC && bytes[8..18] != self.session
    }
}

/// The records of a file, and the length of its good part: what follows was torn by a crash.
///
/// # Errors
/// Another file, another configuration, or damage that is no torn tail.
pub fn read(bytes: &[u8], day: &Day) -> Result<(Vec<Record>, usize), Fault> {
    if bytes.len() < HEAD_LEN {
        return Ok((Vec::new(), 0));
    }
    if bytes[..HEAD_LEN] != day.head() {
        let what = "the journal is of this session and another configuration";
        let fix = "restore the configuration, or name a new session";
        return Err(Fault::new("CWS-VENUE-006", what, "venue.journal", fix));
    }
    let (mut records, mut at) = (Vec::new(), HEAD_LEN);
    while let Some((record, next)) = next(bytes, at) {
        records.push(record);
        at = next;
    }
    // A whole record after the break cannot come from a torn write: the file was damaged in its middle.
    let after = length_at(bytes, at).map(|length| at + 4 + length + 4);
    if after.is_some_and(|after| next(bytes, after).is_some()) {
        let what = format!("a damaged record at byte {at}");
        return Err(Fault::new(
            "CWS-VENUE-007",
            what,
            "venue.journal",
            "restore the file or begin a new day",
        ));
    }
    Ok((records, at))
}

/// The records of inputs without a file's head, as [`crate::Venue::unwritten`] holds them.
pub fn records_of(bytes: &[u8]) -> Vec<Record> {
    let mut at = 0;
    std::iter::from_fn(|| {
        let (record, after) = next(bytes, at)?;
        at = after;
        Some(record)
    })
    .collect()
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?);
    let length = usize::try_from(length).ok()?;
    (FIXED..=FIXED + BODY_MAX)
        .contains(&length)
        .then_some(length)
}

fn next(bytes: &[u8], at: usize) -> Option<(Record, usize)> {
    let end = at + 4 + length_at(bytes, at)?;
    let content = bytes.get(at + 4..end)?;
    if bytes.get(end..end + 4)? != check(content) {
        return None;
    }
    let (kind, rest) = content.split_first()?;
    let (time, body) = rest.split_first_chunk::<8>()?;
    let record = Record {
        time_ns: u64::from_le_bytes(*time),
        input: Input::from_parts(*kind, body)?,
    };
    Some((record, end + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> (Vec<u8>, Vec<Record>, Day) {
        let day = Day {
            session: *b"DAY       ",
            config: blake3::hash(b"config"),
        };
        let inputs = [
            Input::StartOfDay,
            Input::Order(3, b"X message".to_vec()),
            Input::Halt(9),
            Input::Fault(b"{}".to_vec()),
            Input::EndOfDay,
        ];
        let record = |(time_ns, input)| Record { time_ns, input };
        let records: Vec<Record> = (7..).zip(inputs).map(record).collect();
        let mut bytes = day.head().to_vec();
        records
            .iter()
            .for_each(|record| record.append_to(&mut bytes));
        (bytes, records, day)
    }

    #[test]
    fn every_cut_leaves_a_prefix() {
        let (bytes, records, day) = written();
        assert_eq!(read(&bytes, &day), Ok((records.clone(), bytes.len())));
        for end in 0..bytes.len() {
            let (found, good) = read(&bytes[..end], &day).expect("a torn tail is no damage");
            assert_eq!(found, records[..found.len()]);
            assert!(good <= end && found.len() < records.len());
        }
    }

    #[test]
    fn a_flipped_bit_never_gives_another_input() {
        let (bytes, records, day) = written();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match read(&damaged, &day) {
                Ok((found, _)) => assert_eq!(found, records[..found.len()], "bit {bit}"),
                Err(fault) => assert!(["CWS-VENUE-006", "CWS-VENUE-007"].contains(&fault.code)),
            }
        }
    }
}
