//! Both books see every damaged ITCH message and must agree, in code and in checksum.

use cws_book::fast::FastBook;
use cws_book::reference::ReferenceBook;
use cws_book::rules::{Code, Limits};

use super::case::SYMBOLS;

/// Little more than what is live, so that full books occur.
const ORDERS: u32 = 1_000;
const LEVELS: u32 = 24;
/// Messages after which both begin anew: what damage made of the flow would fill them up.
const MESSAGES: u64 = 1 << 14;
const CHECKSUM_EVERY: u64 = 1 << 12;

pub struct Books {
    fast: FastBook,
    reference: ReferenceBook,
    applied: u64,
}

impl Books {
    pub fn new() -> Self {
        let limits = Limits::new(ORDERS, LEVELS, u32::from(SYMBOLS));
        Self {
            fast: FastBook::new(limits).expect("limits in range"),
            reference: ReferenceBook::new(limits),
            applied: 0,
        }
    }

    /// Whether they have seen so much that they should begin anew.
    pub fn are_worn(&self) -> bool {
        self.applied >= MESSAGES
    }

    /// The code that both give.
    ///
    /// # Errors
    /// What they disagree about.
    pub fn apply(&mut self, message: &[u8]) -> Result<Code, String> {
        let (fast, reference) = (self.fast.apply(message), self.reference.apply(message));
        if fast != reference {
            return Err(format!(
                "the fast book says {fast:?}, the obvious one {reference:?}: {message:02x?}"
            ));
        }
        self.applied += 1;
        if self.applied.is_multiple_of(CHECKSUM_EVERY) {
            self.check()?;
        }
        Ok(fast)
    }

    /// # Errors
    /// Where the checksums differ.
    pub fn check(&self) -> Result<(), String> {
        if self.fast.checksum() == self.reference.checksum() {
            return Ok(());
        }
        Err(format!(
            "the books' checksums differ after {} messages",
            self.applied
        ))
    }
}
