//! `risk.toml`.

use std::net::SocketAddrV4;
use std::path::PathBuf;

use cws_process::fault::Fault;
use cws_risk::settings::Settings;
use cws_wire::padded;
use serde::Deserialize;

/// More files than records help nobody.
const FILE_BYTES_MIN: u64 = 4096;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub run_dir: PathBuf,
    /// A capital letter: ids of other regions are refused.
    pub region: String,
    /// Name that a kill of the venue says.
    pub venue: String,
    /// Signed limits; the signature lies beside them with `.sig`.
    pub limits: PathBuf,
    /// Ed25519, 64 hex digits.
    pub limits_public_key: String,
    pub order_session: Session,
    pub drop_copy: Option<Session>,
    /// OUCH fields that every order has in common.
    #[serde(default = "firm")]
    pub firm: String,
    #[serde(default = "capacity")]
    pub capacity: String,
    /// User ids that may register parents, change limits and re-arm; risk's own always may.
    #[serde(default)]
    pub operators: Vec<u32>,
    #[serde(default = "socket_mode")]
    pub socket_mode: u32,
    #[serde(default = "beat_timeout_ms")]
    pub beat_timeout_ms: u64,
    #[serde(default = "beat_cancel_ms")]
    pub beat_cancel_ms: u64,
    #[serde(default = "ack_timeout_ms")]
    pub ack_timeout_ms: u64,
    #[serde(default = "halt_hold_ms")]
    pub halt_hold_ms: u64,
    /// A trade that one of order session and drop copy tells and the other does not for so long kills the firm; 0 = never.
    #[serde(default = "drop_copy_settle_ms")]
    pub drop_copy_settle_ms: u64,
    /// The desk refreshes this file; without it for `dead_man_s` the firm is killed. 0 = no dead man.
    pub dead_man_file: Option<PathBuf>,
    #[serde(default)]
    pub dead_man_s: u64,
    /// UTC ns of the venue's midnight, which its stamps count from; 0 for the newest UTC one that puts none in the future.
    #[serde(default)]
    pub midnight_ns: u64,
    #[serde(default)]
    pub on_stop: OnStop,
    /// Records, a power of two.
    #[serde(default = "executions_capacity")]
    pub executions_capacity: u64,
    #[serde(default = "journal_max_bytes")]
    pub journal_max_bytes: u64,
    /// A file of the journal that has reached this is followed by another.
    #[serde(default = "journal_file_bytes")]
    pub journal_file_bytes: u64,
    #[serde(default = "commit_every_ms")]
    pub journal_commit_ms: u64,
    /// How many loops of this machine spin like ours.
    #[serde(default = "spinners")]
    pub spinners: usize,
    /// How long the loop goes on yielding without work before it naps.
    #[serde(default)]
    pub awake_us: u32,
    /// Core to pin the loop to; -1 for none.
    #[serde(default = "no_core")]
    pub core: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub address: SocketAddrV4,
    pub user: String,
    pub password_file: PathBuf,
    /// Longest silence of the venue before we log in again.
    #[serde(default = "silence_ms")]
    pub silence_ms: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStop {
    #[default]
    CancelAll,
    Leave,
}

impl Config {
    pub fn settings(&self) -> Result<Settings, Fault> {
        let refuse =
            |what: &str, place: &str| Fault::new("CWS-RISK-008", what, place, "correct risk.toml");
        let letter = |text: &str, place| match text.as_bytes() {
            [letter @ b'A'..=b'Z'] => Ok(*letter),
            _ => Err(refuse("one capital letter is expected", place)),
        };
        if !self.executions_capacity.is_power_of_two() || self.executions_capacity > 1 << 24 {
            return Err(refuse(
                "a power of two up to 2^24 is expected",
                "executions_capacity",
            ));
        }
        if self.journal_file_bytes < FILE_BYTES_MIN {
            return Err(refuse(
                "4096 bytes or more are expected",
                "journal_file_bytes",
            ));
        }
        if !cws_journal::COMMIT_MS.contains(&self.journal_commit_ms) {
            return Err(refuse("1 to 1000 ms are expected", "journal_commit_ms"));
        }
        if self.dead_man_s != 0 && self.dead_man_file.is_none() {
            return Err(refuse("dead_man_s needs a file to watch", "dead_man_file"));
        }
        let settle_ms = match self.drop_copy {
            Some(_) => self.drop_copy_settle_ms,
            None => 0,
        };
        Ok(Settings {
            region: letter(&self.region, "region")?,
            venue: self.venue.clone(),
            firm: padded(&self.firm).ok_or_else(|| refuse("up to four characters", "firm"))?,
            capacity: letter(&self.capacity, "capacity")?,
            beat_timeout_ns: self.beat_timeout_ms.saturating_mul(1_000_000),
            beat_cancel_ns: self.beat_cancel_ms.saturating_mul(1_000_000),
            ack_timeout_ns: self.ack_timeout_ms.saturating_mul(1_000_000),
            halt_hold_ns: self.halt_hold_ms.saturating_mul(1_000_000),
            dead_man_ns: self.dead_man_s.saturating_mul(1_000_000_000),
            drop_copy_settle_ns: settle_ms.saturating_mul(1_000_000),
            midnight_ns: self.midnight_ns,
            ..Settings::default()
        })
    }
}

fn firm() -> String {
    "CWS".into()
}
fn capacity() -> String {
    "P".into()
}
fn socket_mode() -> u32 {
    0o660
}
fn beat_timeout_ms() -> u64 {
    50
}
fn beat_cancel_ms() -> u64 {
    1_000
}
fn ack_timeout_ms() -> u64 {
    2_000
}
fn halt_hold_ms() -> u64 {
    1_000
}
fn drop_copy_settle_ms() -> u64 {
    5_000
}
fn executions_capacity() -> u64 {
    1 << 16
}
fn journal_max_bytes() -> u64 {
    1 << 36
}
fn journal_file_bytes() -> u64 {
    1 << 28
}
fn commit_every_ms() -> u64 {
    50
}
fn spinners() -> usize {
    3
}
fn no_core() -> i64 {
    -1
}
fn silence_ms() -> u64 {
    15_000
}
