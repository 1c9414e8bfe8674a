//! A refusal for people and machines: a code, what is wrong, where, and what to do.

use std::fmt;

use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: &'static str,
    pub what: String,
    pub place: String,
    pub fix: String,
}

impl Fault {
    pub fn new(
        code: &'static str,
        what: impl Into<String>,
        place: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            code,
            what: what.into(),
            place: place.into(),
            fix: fix.into(),
        }
    }

    /// The answer on a socket.
    pub fn to_json(&self) -> Value {
        json!({"ok": false, "code": self.code, "what": self.what, "where": self.place, "fix": self.fix})
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({}); {}",
            self.code, self.what, self.place, self.fix
        )
    }
}

impl std::error::Error for Fault {}
