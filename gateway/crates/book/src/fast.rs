//! The fast book: C++ in `gateway/hot/book.cpp`, the same answers as [`crate::reference::ReferenceBook`].

use std::ffi::c_void;
use std::ptr::NonNull;

use crate::rules::{CODES, Code, Counters, Limits};

unsafe extern "C" {
    fn cws_book_new(limits: *const Limits) -> *mut c_void;
    fn cws_book_free(book: *mut c_void);
    fn cws_book_apply(book: *mut c_void, message: *const u8, length: u32) -> u32;
    fn cws_book_apply_blocks(book: *mut c_void, data: *const u8, length: u64) -> u64;
    fn cws_book_checksum(book: *const c_void) -> u64;
    fn cws_book_sound(book: *const c_void) -> u32;
    fn cws_book_symbol_checksum(book: *const c_void, locate: u32) -> u64;
    fn cws_book_touch(book: *const c_void, locate: u32, side: u32) -> u32;
    fn cws_book_touch_shares(book: *const c_void, locate: u32, side: u32) -> u64;
    fn cws_book_live_orders(book: *const c_void) -> u32;
    fn cws_book_counters(book: *const c_void, out: *mut Counters);
}

/// The fast book. All memory is mapped at construction.
pub struct FastBook {
    book: NonNull<c_void>,
    limits: Limits,
}

// SAFETY: plain memory without a tie to its thread.
unsafe impl Send for FastBook {}

/// The limits are out of range, or the memory is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBook;

impl std::fmt::Display for NoBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "CWS-BOOK-001 no book of these limits; see Limits for the ranges, or give the process more memory"
        )
    }
}

impl std::error::Error for NoBook {}

impl FastBook {
    /// Maps and touches about `64 * orders + 16 * symbols * levels_per_side` bytes and more.
    ///
    /// # Errors
    /// Limits out of range, or no memory.
    pub fn new(limits: Limits) -> Result<Self, NoBook> {
        // SAFETY: the limits are read before the call returns.
        let book = NonNull::new(unsafe { cws_book_new(&limits) }).ok_or(NoBook)?;
        Ok(Self { book, limits })
    }

    /// One ITCH message; any bytes give a code.
    pub fn apply(&mut self, message: &[u8]) -> Code {
        let Ok(length) = u32::try_from(message.len()) else {
            return Code::BadLength;
        };
        // SAFETY: the book is ours alone, the bytes live through the call.
        let code = unsafe { cws_book_apply(self.book.as_ptr(), message.as_ptr(), length) };
        CODES[code as usize]
    }

    /// Messages, each after its length in two bytes; looks ahead, so longer data go faster. Returns how many.
    pub fn apply_blocks(&mut self, data: &[u8]) -> u64 {
        // SAFETY: as in `apply`.
        unsafe { cws_book_apply_blocks(self.book.as_ptr(), data.as_ptr(), data.len() as u64) }
    }

    pub fn counters(&self) -> Counters {
        let mut counters = Counters::default();
        // SAFETY: one struct of the asserted layout is written.
        unsafe { cws_book_counters(self.book.as_ptr(), &mut counters) };
        counters
    }

    pub fn live_orders(&self) -> usize {
        // SAFETY: reads a field.
        unsafe { cws_book_live_orders(self.book.as_ptr()) as usize }
    }

    /// Best bid and ask in 1e-4, None where a side is empty.
    pub fn touch(&self, locate: u16) -> (Option<u32>, Option<u32>) {
        let locate = self.checked(locate);
        // SAFETY: the locate is inside the limits.
        let [bid, ask] = [0, 1].map(|s| unsafe { cws_book_touch(self.book.as_ptr(), locate, s) });
        ((bid != 0).then_some(bid), (ask != 0).then_some(ask))
    }

    /// Shares at the best bid and ask; 0 where a side is empty.
    pub fn touch_shares(&self, locate: u16) -> (u64, u64) {
        let locate = self.checked(locate);
        // SAFETY: the locate is inside the limits.
        let [bid, ask] =
            [0, 1].map(|s| unsafe { cws_book_touch_shares(self.book.as_ptr(), locate, s) });
        (bid, ask)
    }

    pub fn symbol_checksum(&self, locate: u16) -> u64 {
        let locate = self.checked(locate);
        // SAFETY: the locate is inside the limits.
        unsafe { cws_book_symbol_checksum(self.book.as_ptr(), locate) }
    }

    pub fn checksum(&self) -> u64 {
        // SAFETY: reads the whole book.
        unsafe { cws_book_checksum(self.book.as_ptr()) }
    }

    /// Recounts what the structure says about itself: links, searches, live orders. Slow; for tests.
    pub fn sound(&self) -> bool {
        // SAFETY: reads the whole book.
        unsafe { cws_book_sound(self.book.as_ptr()) != 0 }
    }

    fn checked(&self, locate: u16) -> u32 {
        let locate = u32::from(locate);
        assert!(
            (1..=self.limits.symbols).contains(&locate),
            "a locate of this book"
        );
        locate
    }
}

impl Drop for FastBook {
    fn drop(&mut self) {
        // SAFETY: the pointer that cws_book_new gave, freed once.
        unsafe { cws_book_free(self.book.as_ptr()) };
    }
}
