//! Every order state, every event, and what the one makes of the other: the only place that decides.
//!
//! States are FIX OrdStatus (tag 39, FIX 5.0 SP2), and where several hold at once the one of higher precedence is
//! shown, as FIX orders them (Order State Changes, precedence table). Stopped, Calculated and Accepted for Bidding do
//! not exist on a venue that speaks OUCH. `Unknown` is ours: sent, and the session broke before an answer.

use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    PendingNew,
    New,
    PartiallyFilled,
    PendingCancel,
    PendingReplace,
    /// The symbol is halted; the order rests and cannot trade.
    Suspended,
    /// Sent, and the session broke before an answer: neither dead nor alive until sequence replay says which.
    Unknown,
    Filled,
    Canceled,
    /// Another order took its place.
    Replaced,
    /// By risk, by the venue, or never at the venue.
    Rejected,
    Expired,
    DoneForDay,
}

pub const STATES: [State; 13] = [
    State::PendingNew,
    State::New,
    State::PartiallyFilled,
    State::PendingCancel,
    State::PendingReplace,
    State::Suspended,
    State::Unknown,
    State::Filled,
    State::Canceled,
    State::Replaced,
    State::Rejected,
    State::Expired,
    State::DoneForDay,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The venue took the order.
    Accept,
    /// Risk or the venue refused the order itself.
    Reject,
    /// A trade that leaves something open (on a dead order: some of what was cancelled).
    FillPart,
    /// A trade of all that was open (on a dead order: of all that was cancelled).
    FillLast,
    /// As `FillLast`, of an order of which an earlier trade was taken back: it ends, and is not filled.
    FillRest,
    /// The venue took a trade back; its quantity is not reinstated.
    Break,
    /// We asked to cancel.
    CancelSent,
    /// The rest is cancelled.
    CancelDone,
    /// Cancelled in part; something stays open.
    Reduce,
    /// We asked to replace.
    ReplaceSent,
    /// Another order has taken this one's place.
    ReplaceDone,
    /// Our cancel or replace was refused or came too late.
    RequestRejected,
    /// Time in force is over.
    Expire,
    /// The venue closed for the day.
    Close,
    /// The session broke before an answer.
    Lost,
    /// The venue never had the order, and nothing ever said that it had.
    NotAtVenue,
    /// The venue says it never had the order that it accepted or filled before.
    Vanished,
    /// The symbol is halted.
    Halt,
    /// The symbol trades again.
    Resume,
}

pub const EVENTS: [Event; 19] = [
    Event::Accept,
    Event::Reject,
    Event::FillPart,
    Event::FillLast,
    Event::FillRest,
    Event::Break,
    Event::CancelSent,
    Event::CancelDone,
    Event::Reduce,
    Event::ReplaceSent,
    Event::ReplaceDone,
    Event::RequestRejected,
    Event::Expire,
    Event::Close,
    Event::Lost,
    Event::NotAtVenue,
    Event::Vanished,
    Event::Halt,
    Event::Resume,
];

/// What an event makes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There.
    To(State),
    /// Where the order's facts put it among the open states: see [`super::Order::working`].
    Working,
    /// Legal, expected in a race or repeated; the state stays, quantities are booked.
    Stay,
    /// Two statements of the venue contradict each other: there, counted, reported; a person looks.
    Contradiction(State),
    /// Not legal: nothing changes, counted, reported.
    Illegal,
}

impl State {
    /// Nothing can be open in these.
    pub fn is_final(self) -> bool {
        match self {
            Self::PendingNew
            | Self::New
            | Self::PartiallyFilled
            | Self::PendingCancel
            | Self::PendingReplace
            | Self::Suspended
            | Self::Unknown => false,
            Self::Filled
            | Self::Canceled
            | Self::Replaced
            | Self::Rejected
            | Self::Expired
            | Self::DoneForDay => true,
        }
    }

    /// FIX tag 39; `?` for our own.
    pub fn ord_status(self) -> char {
        match self {
            Self::New => '0',
            Self::PartiallyFilled => '1',
            Self::Filled => '2',
            Self::DoneForDay => '3',
            Self::Canceled => '4',
            Self::Replaced => '5',
            Self::PendingCancel => '6',
            Self::Rejected => '8',
            Self::Suspended => '9',
            Self::PendingNew => 'A',
            Self::Expired => 'C',
            Self::PendingReplace => 'E',
            Self::Unknown => '?',
        }
    }
}

/// The table.
pub fn next(state: State, event: Event) -> Next {
    use Event as E;
    use Next::{Contradiction, Illegal, Stay, To, Working};
    use State as S;
    match (state, event) {
        // What trades is booked whatever we thought; a fill may overtake its acknowledgement.
        (
            S::PendingNew
            | S::New
            | S::PartiallyFilled
            | S::PendingCancel
            | S::PendingReplace
            | S::Suspended
            | S::Unknown,
            E::FillPart,
        ) => Working,
        (S::Filled | S::Canceled | S::Replaced | S::Expired | S::DoneForDay, E::FillPart) => Stay,
        (S::Filled | S::Replaced, E::FillLast) => Stay,
        (S::Rejected, E::FillPart) => Contradiction(S::Unknown),
        (S::Rejected, E::FillLast) => Contradiction(S::Filled),
        (_, E::FillLast) => To(S::Filled),
        (S::Rejected, E::FillRest) => Contradiction(S::Canceled),
        (live, E::FillRest) if !live.is_final() => To(S::Canceled),
        (_, E::FillRest) => Stay,

        (S::Filled, E::Break) => To(S::Canceled),
        (S::Unknown, E::Break) => Stay,
        (live, E::Break) if !live.is_final() => Working,
        (_, E::Break) => Stay,

        (S::PendingNew | S::PendingCancel | S::PendingReplace | S::Unknown, E::Accept) => Working,
        (S::PartiallyFilled | S::New | S::Suspended, E::Accept) => Stay,
        (S::Rejected, E::Accept) => Contradiction(S::Unknown),
        (_, E::Accept) => Stay,

        (S::PendingNew | S::PendingCancel | S::PendingReplace | S::Unknown, E::Reject) => {
            To(S::Rejected)
        }
        (S::Rejected, E::Reject) => Stay,
        (_, E::Reject) => Illegal,

        // Requests of ours may cross an end that we have not seen yet.
        (live, E::CancelSent | E::ReplaceSent) if !live.is_final() => Working,
        (_, E::CancelSent | E::ReplaceSent) => Stay,
        (S::PendingCancel | S::PendingReplace | S::Unknown, E::RequestRejected) => Working,
        (S::PendingNew | S::New | S::PartiallyFilled | S::Suspended, E::RequestRejected) => Illegal,
        (_, E::RequestRejected) => Stay,

        (S::Canceled | S::Expired | S::DoneForDay, E::CancelDone | E::Expire | E::Close) => Stay,
        (S::Filled | S::Replaced | S::Rejected, E::CancelDone | E::Expire | E::Close) => Illegal,
        (_, E::CancelDone) => To(S::Canceled),
        (_, E::Expire) => To(S::Expired),
        (_, E::Close) => To(S::DoneForDay),

        (live, E::Reduce) if !live.is_final() => Working,
        (_, E::Reduce) => Illegal,

        (S::PendingReplace | S::PendingCancel | S::Unknown, E::ReplaceDone) => To(S::Replaced),
        (S::PendingNew | S::New | S::PartiallyFilled | S::Suspended, E::ReplaceDone) => {
            Contradiction(S::Replaced)
        }
        (S::Replaced, E::ReplaceDone) => Stay,
        (_, E::ReplaceDone) => Illegal,

        (live, E::Lost) if !live.is_final() => To(S::Unknown),
        (_, E::Lost) => Stay,
        (S::PendingNew | S::PendingCancel | S::PendingReplace | S::Unknown, E::NotAtVenue) => {
            To(S::Rejected)
        }
        (S::Rejected, E::NotAtVenue) => Stay,
        (_, E::NotAtVenue) => Illegal,
        (live, E::Vanished) if !live.is_final() => Contradiction(S::Unknown),
        (_, E::Vanished) => Illegal,

        (S::Unknown, E::Halt | E::Resume) => Stay,
        (live, E::Halt | E::Resume) if !live.is_final() => Working,
        (_, E::Halt | E::Resume) => Stay,
    }
}

/// The table as a page, for `docs/oms.md`: a row a state, a column an event.
pub fn markdown() -> String {
    let mut page = String::from(PREFACE);
    page.push_str("\n| |");
    for event in EVENTS {
        write!(page, " {event:?} |").expect("a string takes all");
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(EVENTS.len()));
    for state in STATES {
        write!(page, "\n| **{state:?}** ({}) |", state.ord_status()).expect("a string takes all");
        for event in EVENTS {
            let cell = match next(state, event) {
                Next::To(to) => format!("{to:?}"),
                Next::Working => "open".into(),
                Next::Stay => "=".into(),
                Next::Contradiction(to) => format!("**! {to:?}**"),
                Next::Illegal => "x".into(),
            };
            write!(page, " {cell} |").expect("a string takes all");
        }
    }
    page.push('\n');
    page
}

const PREFACE: &str = "# Order states

Printed from `crates/gateway/src/oms/table.rs` by its test; edit the code, not this page.

In brackets: FIX OrdStatus (tag 39). A cell is where the event leads: a state; `open`: the first that holds of PendingCancel
(a cancel is out), PendingReplace (a replace is out), PendingNew (neither acknowledged nor traded), Suspended (symbol halted),
PartiallyFilled, New; `=`: legal, the state stays and quantities are booked; `x`: not legal, nothing changes, counted and
reported (CWS-OMS-001); `!`: two statements of the venue contradict each other, counted and reported (CWS-OMS-002).

Before the table is asked: a trade seen before changes nothing (counted); a trade of more than was left is booked whole, as
risk does (CWS-OMS-003, and risk kills the firm). Always: ordered + over = traded + open + cancelled + broken.
";
