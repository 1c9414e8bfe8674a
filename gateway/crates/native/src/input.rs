//! What Python hands in: bytes that nobody changes while the interpreter's lock is released.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Refusal;

/// The largest buffer of one call, in bytes.
pub const MAX_BUFFER: usize = 1 << 30;

/// `bytes` never change and are read where they lie; any other buffer is copied, for its owner may write to it meanwhile.
pub enum Input<'py> {
    Bytes(Bound<'py, PyBytes>),
    Copied(Vec<u8>),
}

impl<'py> Input<'py> {
    /// # Errors
    /// Where `argument` is no contiguous buffer of bytes, or longer than [`MAX_BUFFER`].
    pub fn read(argument: &'static str, object: &Bound<'py, PyAny>) -> Result<Self, Refusal> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            within(argument, bytes.as_bytes().len())?;
            return Ok(Self::Bytes(bytes.clone()));
        }
        let refused = |_| Refusal::NotBytes {
            argument,
            got: kind(object),
        };
        let buffer = PyBuffer::<u8>::get(object).map_err(refused)?;
        within(argument, buffer.len_bytes())?;
        let copy = buffer.to_vec(object.py()).map_err(refused)?;
        Ok(Self::Copied(copy))
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Copied(bytes) => bytes,
        }
    }
}

/// The name of an object's type.
pub fn kind(object: &Bound<'_, PyAny>) -> String {
    object.get_type().to_string()
}

/// # Errors
/// Where `length` is beyond [`MAX_BUFFER`].
pub fn within(argument: &'static str, length: usize) -> Result<(), Refusal> {
    if length <= MAX_BUFFER {
        return Ok(());
    }
    let limit = MAX_BUFFER;
    Err(Refusal::TooLarge {
        argument,
        length,
        limit,
    })
}
