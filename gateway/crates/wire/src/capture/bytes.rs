//! Reading a file from front to back in either byte order.

use crate::WireError;

/// A place in a file, and its byte order.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    pub file: &'a [u8],
    pub at: usize,
    pub big_endian: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(file: &'a [u8]) -> Self {
        let (at, big_endian) = (0, false);
        Self {
            file,
            at,
            big_endian,
        }
    }

    pub fn remaining(&self) -> usize {
        self.file.len() - self.at
    }

    /// The error that names this place.
    pub fn error(&self, what: &'static str) -> WireError {
        let offset = self.at as u64;
        WireError::Capture { offset, what }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let rest = self.file.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(self.error("it is cut off"))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("as many as were taken"))
    }

    pub fn u16(&mut self) -> Result<u16, WireError> {
        let raw = self.array()?;
        Ok(match self.big_endian {
            true => u16::from_be_bytes(raw),
            false => u16::from_le_bytes(raw),
        })
    }

    pub fn u32(&mut self) -> Result<u32, WireError> {
        let raw = self.array()?;
        Ok(match self.big_endian {
            true => u32::from_be_bytes(raw),
            false => u32::from_le_bytes(raw),
        })
    }

    pub fn i64(&mut self) -> Result<i64, WireError> {
        let raw = self.array()?;
        Ok(match self.big_endian {
            true => i64::from_be_bytes(raw),
            false => i64::from_le_bytes(raw),
        })
    }
}
