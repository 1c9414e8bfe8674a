//! A sequenced stream: messages numbered from 1, kept for the day so that any of them can be sent again.

#[derive(Debug)]
pub struct Stream {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    limit: usize,
    hasher: blake3::Hasher,
}

impl Stream {
    /// At most `limit` messages.
    pub fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            limit,
            hasher: blake3::Hasher::new(),
        }
    }

    /// Number of the last message.
    pub fn last(&self) -> u64 {
        self.ends.len() as u64
    }

    /// No message may be added any more; the owner refuses new work before that.
    pub fn is_full(&self) -> bool {
        self.ends.len() >= self.limit
    }

    pub fn push(&mut self, message: &[u8]) -> u64 {
        let length = u32::try_from(message.len()).expect("messages are short");
        self.hasher.update(&length.to_le_bytes()).update(message);
        self.bytes.extend_from_slice(message);
        self.ends.push(self.bytes.len());
        self.last()
    }

    /// Message `number`, from 1.
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let end = *self.ends.get(index)?;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1],
        };
        Some(&self.bytes[start..end])
    }

    /// BLAKE3 of every message and its length.
    pub fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}
