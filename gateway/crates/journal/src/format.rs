//! Bytes of the header and of one record, and where a flipped bit sits.

pub const HEADER_LEN: usize = 32;
pub const RECORD_HEAD_LEN: usize = 64;
/// Longest payload; nothing that is journaled comes near.
pub const PAYLOAD_MAX: usize = 16 * 1024;

const MAGIC: &[u8; 8] = b"CWSJRNL1";
const VERSION: u32 = 1;
const CHECKED: usize = 24;
const HASHED: usize = 32;

pub(crate) type Hash = [u8; 32];

/// What a record's head says, its check being right.
pub(crate) struct Head {
    pub payload_len: usize,
    pub kind: u16,
    pub seq: u64,
    pub ts_ns: u64,
    pub hash: Hash,
}

pub(crate) fn header(created_ns: u64, number: u32) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&number.to_le_bytes());
    bytes[16..24].copy_from_slice(&created_ns.to_le_bytes());
    let sum = check(&bytes[..CHECKED]);
    bytes[CHECKED..].copy_from_slice(&sum);
    bytes
}

/// Whether a file shorter than a header can be the start of one.
pub(crate) fn begins_a_header(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .zip(MAGIC)
        .all(|(found, expected)| found == expected)
}

/// The creation time and the number of the file, or what is wrong: None where bits changed, Some where it is another file.
pub(crate) fn read_header(bytes: &[u8; HEADER_LEN]) -> Result<(u64, u32), Option<String>> {
    let version = read_u32(bytes, 8);
    if check(&bytes[..CHECKED]) == bytes[CHECKED..] {
        if bytes[..8] == *MAGIC && version == VERSION {
            return Ok((read_u64(bytes, 16), read_u32(bytes, 12)));
        }
        return Err(Some(format!(
            "journal version {version}, {VERSION} expected"
        )));
    }
    let flipped = mend(bytes, HEADER_LEN, |b| check(&b[..CHECKED]) == b[CHECKED..]);
    if flipped.is_some() {
        return Err(None);
    }
    Err(Some("no journal".into()))
}

pub(crate) fn genesis(header: &[u8; HEADER_LEN]) -> Hash {
    *blake3::hash(header).as_bytes()
}

/// The hash before the first record of a further file.
pub(crate) fn go_on(previous: &Hash, header: &[u8; HEADER_LEN]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous).update(header);
    *hasher.finalize().as_bytes()
}

/// Appends a record to `out` without what is hashed: the first 24 bytes of its head, and the payload that `encode` writes,
/// which gives its kind.
pub(crate) fn stage(
    out: &mut Vec<u8>,
    seq: u64,
    ts_ns: u64,
    encode: impl FnOnce(&mut Vec<u8>) -> u16,
) {
    let start = out.len();
    out.extend_from_slice(&[0; CHECKED]);
    let kind = encode(out);
    let payload_len = out.len() - start - CHECKED;
    assert!(payload_len <= PAYLOAD_MAX, "the kinds bound their payloads");
    let head = &mut out[start..start + CHECKED];
    head[..4].copy_from_slice(&(payload_len as u32).to_le_bytes());
    head[4..6].copy_from_slice(&kind.to_le_bytes());
    head[8..16].copy_from_slice(&seq.to_le_bytes());
    head[16..].copy_from_slice(&ts_ns.to_le_bytes());
}

/// A record as it was staged.
pub(crate) struct Staged<'a> {
    head: &'a [u8],
    pub payload: &'a [u8],
}

impl Staged<'_> {
    /// Length of the whole record beyond what is staged of it.
    pub const MISSING: u64 = (RECORD_HEAD_LEN - CHECKED) as u64;

    pub fn kind(&self) -> u16 {
        u16::from_le_bytes([self.head[4], self.head[5]])
    }

    pub fn seq(&self) -> u64 {
        read_u64(self.head, 8)
    }

    pub fn ts_ns(&self) -> u64 {
        read_u64(self.head, 16)
    }

    /// Appends the whole record to `out` and returns its hash.
    pub fn write(&self, out: &mut Vec<u8>, previous: &Hash) -> Hash {
        let start = out.len();
        out.extend_from_slice(self.head);
        out.extend_from_slice(&check(self.head));
        let hash = chain(previous, &out[start..], self.payload);
        out.extend_from_slice(&hash);
        out.extend_from_slice(self.payload);
        hash
    }
}

/// Staged records, one behind the other; ends early where the bytes are none.
pub(crate) fn staged(mut bytes: &[u8]) -> impl Iterator<Item = Staged<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(CHECKED)?;
        let (payload, rest) = rest.split_at_checked(read_u32(head, 0) as usize)?;
        bytes = rest;
        Some(Staged { head, payload })
    })
}

/// None where the head does not match its own check, or is of no record that this version writes.
pub(crate) fn read_head(head: &[u8; RECORD_HEAD_LEN]) -> Option<Head> {
    let payload_len = read_u32(head, 0) as usize;
    let sound = check(&head[..CHECKED]) == head[CHECKED..HASHED]
        && payload_len <= PAYLOAD_MAX
        && head[6..8] == [0; 2];
    sound.then(|| Head {
        payload_len,
        kind: u16::from_le_bytes([head[4], head[5]]),
        seq: read_u64(head, 8),
        ts_ns: read_u64(head, 16),
        hash: head[HASHED..].try_into().expect("32 bytes are left of 64"),
    })
}

pub(crate) fn chain(previous: &Hash, head: &[u8], payload: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(previous)
        .update(&head[..HASHED])
        .update(payload);
    *hasher.finalize().as_bytes()
}

/// The flipped bit of a record head: byte in the record, bit in the byte.
pub(crate) fn flip_in_head(head: &[u8; RECORD_HEAD_LEN]) -> Option<(u64, u8)> {
    mend(head, HASHED, |bytes| {
        check(&bytes[..CHECKED]) == bytes[CHECKED..HASHED]
    })
}

/// The flipped bit of a record whose head is sound: in the stored hash or in the payload.
pub(crate) fn flip_in_body(
    previous: &Hash,
    head: &[u8; RECORD_HEAD_LEN],
    payload: &[u8],
) -> Option<(u64, u8)> {
    let stored: Hash = head[HASHED..].try_into().expect("32 bytes are left of 64");
    let computed = chain(previous, head, payload);
    if let Some((byte, bit)) = mend(&stored, HASHED, |bytes| bytes == computed) {
        return Some((HASHED as u64 + byte, bit));
    }
    let (byte, bit) = mend(payload, payload.len(), |bytes| {
        chain(previous, head, bytes) == stored
    })?;
    Some((RECORD_HEAD_LEN as u64 + byte, bit))
}

/// Tries every single bit of the first `reach` bytes.
fn mend(bytes: &[u8], reach: usize, sound: impl Fn(&[u8]) -> bool) -> Option<(u64, u8)> {
    let mut tried = bytes.to_vec();
    for byte in 0..reach {
        for bit in 0..8 {
            tried[byte] ^= 1 << bit;
            if sound(&tried) {
                return Some((byte as u64, bit));
            }
            tried[byte] ^= 1 << bit;
        }
    }
    None
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(bytes);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hash.as_bytes()[..8]);
    sum
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
