//! Why a call is refused: one exception, whose text begins with the code.

use std::fmt;

use cws_book::fast::NoBook;
use cws_journal::JournalError;
use cws_wire::WireError;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;

create_exception!(
    cws_native,
    NativeError,
    PyValueError,
    "Bytes that are refused; the text begins with a code, and says what, where and what to do."
);

#[derive(Debug)]
pub enum Refusal {
    /// An argument that is no contiguous buffer of bytes.
    NotBytes {
        argument: &'static str,
        got: String,
    },
    TooLarge {
        argument: &'static str,
        length: usize,
        limit: usize,
    },
    /// A message, or the length before it, goes on beyond the end of the buffer.
    CutOff {
        offset: usize,
    },
    /// A capture holds a time that int64 cannot say.
    Time {
        packet: u64,
    },
    /// Times of a day that begins then would leave int64.
    Midnight {
        midnight_ns: i64,
    },
    /// A book would need more memory than a call may take.
    BookSize {
        bytes: u64,
        limit: u64,
    },
    /// The decoder's refusal and where in the argument the message or packet begins.
    Wire {
        place: &'static str,
        at: u64,
        error: WireError,
    },
    Book(NoBook),
    Journal(JournalError),
    /// A fault of ours, not of the bytes.
    Panic {
        what: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBytes { argument, got } => write!(
                f,
                "CWS-NATIVE-002 {argument}: a contiguous buffer of bytes is expected, got {got}; pass bytes"
            ),
            Self::TooLarge {
                argument,
                length,
                limit,
            } => write!(
                f,
                "CWS-NATIVE-003 {argument}: {length} where at most {limit} are taken; cut it between two messages"
            ),
            Self::CutOff { offset } => write!(
                f,
                "CWS-NATIVE-004 buffer: a message is cut off, at offset {offset}; cut the buffer between two messages"
            ),
            Self::Time { packet } => write!(
                f,
                "CWS-NATIVE-005 buffer: a time beyond 64 bits of ns, in packet {packet}; make the capture again"
            ),
            Self::Midnight { midnight_ns } => write!(
                f,
                "CWS-NATIVE-007 midnight_ns: {midnight_ns} is too late for 64 bits of ns; pass UTC ns of the day's start"
            ),
            Self::BookSize { bytes, limit } => write!(
                f,
                "CWS-NATIVE-006 a book of these limits takes {bytes} bytes where at most {limit} are taken; lower them"
            ),
            Self::Wire { place, at, error } => write!(f, "{error} [{place} {at}]"),
            Self::Book(error) => write!(f, "{error}"),
            Self::Journal(error) => write!(f, "{error}"),
            Self::Panic { what } => write!(
                f,
                "CWS-NATIVE-008 a fault of cws_native itself: {what}; keep the bytes and report them"
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> Self {
        NativeError::new_err(refusal.to_string())
    }
}
