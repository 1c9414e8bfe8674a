//! The records of a journal, every link of its chain checked.

use cws_journal::{Journal, Tail};

use crate::error::Refusal;

/// What [`records`] gives for one record; packed without holes, little-endian. Offsets are of the buffer.
pub static RECORD_FIELDS: [(&str, &str); 6] = [
    ("seq", "<u8"),
    ("ts_event", "<i8"),
    ("kind", "<u2"),
    ("payload_offset", "<u8"),
    ("payload_length", "<u4"),
    ("hash", "V32"),
];

/// The records and the number of bytes of a torn tail, which are left out.
///
/// # Errors
/// A buffer that is no journal, or in which a record does not match its hash.
pub fn records(buffer: &[u8]) -> Result<(Vec<u8>, u64), Refusal> {
    let mut journal = Journal::of_bytes(buffer.to_vec()).map_err(Refusal::Journal)?;
    let mut out = Vec::new();
    for (number, record) in journal.by_ref().enumerate() {
        let record = record.map_err(Refusal::Journal)?;
        let ts = i64::try_from(record.ts_ns);
        let ts = ts.map_err(|_| Refusal::Time {
            packet: number as u64,
        })?;
        let length = u32::try_from(record.payload.len()).expect("payloads have a limit");
        let payload = record.offset + cws_journal::RECORD_HEAD_LEN as u64;
        out.extend_from_slice(&record.seq.to_le_bytes());
        out.extend_from_slice(&ts.to_le_bytes());
        out.extend_from_slice(&record.kind.to_le_bytes());
        out.extend_from_slice(&payload.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&record.hash);
    }
    let torn = match journal.tail() {
        Tail::Whole => 0,
        Tail::Torn { bytes, .. } => bytes,
    };
    Ok((out, torn))
}
