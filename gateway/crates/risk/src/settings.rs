//! Settings of the core: what is not a limit. Times in ns.

use cws_wire::padded;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A capital letter: only ids of this region are ours.
    pub region: u8,
    /// The name that a kill of the venue must say.
    pub venue: String,
    pub firm: [u8; 4],
    /// OUCH: A agency, P principal, R riskless.
    pub capacity: u8,
    pub beat_timeout_ns: u64,
    /// A gateway silent for so long has its orders cancelled; 0 = never.
    pub beat_cancel_ns: u64,
    /// An order without an answer for so long is UNKNOWN, and the session is opened again.
    pub ack_timeout_ns: u64,
    /// The same cancel again within this time is not sent twice.
    pub cancel_again_ns: u64,
    /// How long a symbol that the venue called halted is left alone.
    pub halt_hold_ns: u64,
    /// Longest silence of the desk's file before the dead man kills the firm; 0 = no dead man.
    pub dead_man_ns: u64,
    /// A trade that only the order session or only drop copy tells for so long kills the firm, and without drop copy for so
    /// long nothing new leaves; 0 = differences are shown, and nothing else.
    pub drop_copy_settle_ns: u64,
    /// UTC ns of the venue's midnight, which its stamps count from; 0 for the newest UTC one that puts none in the future.
    pub midnight_ns: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: b'A',
            venue: "venue".into(),
            firm: padded("CWS").expect("three letters"),
            capacity: b'P',
            beat_timeout_ns: 50_000_000,
            beat_cancel_ns: 1_000_000_000,
            ack_timeout_ns: 2_000_000_000,
            cancel_again_ns: 100_000_000,
            halt_hold_ns: 1_000_000_000,
            dead_man_ns: 0,
            drop_copy_settle_ns: 0,
            midnight_ns: 0,
        }
    }
}
