//! A stream of messages through an L3 book, the fast one or the obvious one.

use cws_book::fast::FastBook;
use cws_book::reference::ReferenceBook;
use cws_book::rules::{Counters, Limits};

use crate::blocks;
use crate::error::Refusal;

/// The most memory that a book of one call may take.
const MAX_BYTES: u64 = 4 << 30;
/// About what the fast book maps: a record an order and its index, two sides of levels a symbol.
const BYTES_PER_ORDER: u64 = 128;
const BYTES_PER_LEVEL: u64 = 32;

/// # Errors
/// Limits that a book cannot have or that take too much memory, or a buffer that is cut off.
fn check(buffer: &[u8], limits: Limits) -> Result<(), Refusal> {
    let levels = u64::from(limits.symbols) * u64::from(limits.levels_per_side);
    let bytes = u64::from(limits.orders) * BYTES_PER_ORDER + levels * BYTES_PER_LEVEL;
    let limit = MAX_BYTES;
    if bytes > limit {
        return Err(Refusal::BookSize { bytes, limit });
    }
    blocks::each(buffer, |_, _, _| Ok(()))
}

/// Checksum, and how many messages ended with each code of `cws_book::rules`.
///
/// # Errors
/// As [`check`].
pub fn fast(buffer: &[u8], limits: Limits) -> Result<(u64, Counters), Refusal> {
    check(buffer, limits)?;
    let mut book = FastBook::new(limits).map_err(Refusal::Book)?;
    book.apply_blocks(buffer);
    Ok((book.checksum(), book.counters()))
}

/// The same answer from the obvious book.
///
/// # Errors
/// As [`check`].
pub fn reference(buffer: &[u8], limits: Limits) -> Result<(u64, Counters), Refusal> {
    check(buffer, limits)?;
    let mut book = ReferenceBook::new(limits);
    book.apply_blocks(buffer);
    Ok((book.checksum(), book.counters()))
}
