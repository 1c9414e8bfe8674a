//! The slow path: everything that is not the hot thread, one round after the other on one thread.

use std::collections::{BTreeMap, BTreeSet};

use cws_abi::{Beat, BeatReader, ExecKind, Execution};
use cws_book::hot::{Control, PACKET_MAX};
use cws_book::hot_abi::Activity;
use cws_journal::{Entry, Writer};
use cws_process::clock;
use cws_process::fault::Fault;
use hdrhistogram::Histogram;

use super::capture::Capture;
use super::pause::Pauses;
use super::restart::{BEGUN, ring_fault};
use super::rings::{Executions, Intents};
use super::risk_link::RiskLink;
use super::strays::Strays;
use crate::config::{Config, STATE_CHECK};
use crate::desk::Desk;
use crate::directory::Directory;
use crate::oms::Note;
use crate::style::Earlier;

/// Work of one kind in one round; the rest waits for the next.
const ROUND_MAX: usize = 1_024;

pub struct Gateway {
    pub config: Config,
    pub epoch: u16,
    pub build_hash: String,
    pub started_ns: u64,
    /// The exchange's, UTC ns; 0: the newest UTC midnight that puts no stamp into the future.
    pub midnight_ns: u64,
    pub desk: Desk,
    pub directory: Directory,
    pub control: Control,
    pub capture: Capture,
    pub intents: Intents,
    pub executions: Executions,
    pub journal: Writer,
    /// Why the journal takes nothing more: no parent is worked from then on.
    pub journal_fault: Option<String>,
    /// Parents whose symbol the market data have not named yet.
    pub unnamed: BTreeSet<u64>,
    /// Parents that found every slot of the hot thread taken.
    pub no_slot: BTreeSet<u64>,
    /// By parent.
    pub earlier: BTreeMap<u64, Earlier>,
    pub beat: Beat,
    pub risk_beat: Option<BeatReader>,
    pub risk_link: RiskLink,
    /// Arrival of the last packet, UTC ns.
    pub last_packet_ns: u64,
    /// Packet received to acknowledgement at the risk core, ns.
    pub to_ack: Histogram<u64>,
    /// Since when risk refuses for its own state (R16: session, halt or kill); None where it took an order since.
    pub held_since_ns: Option<u64>,
    pub pauses: Pauses,
    /// Refusals by reason.
    pub reasons: BTreeMap<u16, u64>,
    /// Records of executions that the hot thread has not been told yet.
    pub untold: std::collections::VecDeque<Execution>,
    /// Parents that are over and still have their slot in the hot thread.
    pub ended: Vec<u64>,
    pub strays: Strays,
    pub lockstep: LockstepState,
    /// Parents may be worked.
    pub ready: bool,
    /// MoldUDP64 session of the last packet.
    pub session: [u8; 10],
    /// Event time of the last tick.
    pub ticked_ns: u64,
}

/// Of a lockstep day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockstepState {
    /// `{"cmd":"begin"}` came.
    pub begun: bool,
    pub acked: u64,
    pub finished: bool,
}

impl Gateway {
    /// One round; true if there was anything to do. What the hot thread is to be told is left in `untold`.
    pub fn round(&mut self) -> Result<bool, Fault> {
        let mono_ns = clock::monotonic_ns();
        self.beat.beat(mono_ns);
        if let Some(what) = self.risk_link.poll(mono_ns) {
            self.desk.note(Note {
                code: "CWS-GATEWAY-013",
                order_id: 0,
                what: format!("risk does not take this gateway: {what}"),
            });
        }
        self.control.attach();
        if self.risk_beat.is_none() {
            self.risk_beat = BeatReader::open(&self.config.run_dir.join("risk.beat")).ok();
        }
        self.executions
            .attach()
            .map_err(|error| ring_fault(&error))?;
        let mut worked = self.poll_tap();
        worked |= self.poll_intents()?;
        let told = self.poll_executions()?;
        if !told {
            self.adopt_strays();
        }
        self.send_strays();
        worked |= told;
        self.tick();
        self.end_pauses(mono_ns);
        self.commit();
        Ok(worked)
    }

    fn poll_tap(&mut self) -> bool {
        let mut packet = [0; PACKET_MAX];
        for count in 0..ROUND_MAX {
            let Some(about) = self.control.tap(&mut packet) else {
                return count > 0;
            };
            let bytes = &packet[..(about.length as usize).min(PACKET_MAX)];
            self.look_at(bytes, about.source, about.ts_recv_ns);
        }
        true
    }

    /// A packet of the market, for the capture and for what it says about symbols.
    pub fn look_at(&mut self, packet: &[u8], source: u32, ts_recv_ns: u64) {
        self.last_packet_ns = ts_recv_ns;
        if let Some(session) = packet.first_chunk::<10>() {
            self.session = *session;
        }
        self.capture.offer(ts_recv_ns, source, packet);
        let known = self.directory.len();
        for halt in self.directory.read(packet) {
            let actions = self.desk.halt(halt.symbol, halt.halted);
            self.act(actions);
        }
        if self.directory.len() > known {
            self.work_unnamed();
        }
    }

    /// Their symbols may be known by now.
    pub fn work_unnamed(&mut self) {
        for id in std::mem::take(&mut self.unnamed) {
            self.work(id, Activity::Working);
        }
    }

    /// Lockstep: the parents are in, the day may begin. False where it had.
    pub fn begin(&mut self) -> bool {
        if self.lockstep.begun {
            return false;
        }
        self.lockstep.begun = true;
        let entry = Entry::Session {
            event: BEGUN,
            venue_seq: 0,
            text: "lockstep day".into(),
        };
        self.journal.stage(clock::utc_ns(), &entry);
        self.commit();
        true
    }

    /// What our hot thread has sent since.
    pub fn poll_intents(&mut self) -> Result<bool, Fault> {
        let mut worked = false;
        while let Some(intent) = self.intents.take().map_err(|error| ring_fault(&error))? {
            worked = true;
            self.journal.stage(clock::utc_ns(), &Entry::Intent(intent));
            let actions = self.desk.intent(&intent);
            self.act(actions);
        }
        Ok(worked)
    }

    fn poll_executions(&mut self) -> Result<bool, Fault> {
        for count in 0..ROUND_MAX {
            let Some(execution) = self.executions.take().map_err(|error| ring_fault(&error))?
            else {
                return Ok(count > 0);
            };
            if self.desk.orders.get(execution.order_id).is_none() {
                self.poll_intents()?; // The answer overtook our look at the question.
            }
            self.take(&execution);
        }
        Ok(true)
    }

    pub(super) fn take(&mut self, execution: &Execution) {
        if execution.seq <= self.desk.orders.execution_seq() {
            self.desk.execution(execution); // Seen before a restart: counted, nothing else.
            return;
        }
        self.journal
            .stage(clock::utc_ns(), &Entry::Execution(*execution));
        let refused = [ExecKind::RejectedByRisk, ExecKind::RejectedByVenue];
        if refused.iter().any(|kind| *kind as u8 == execution.kind) {
            *self.reasons.entry(execution.reason).or_default() += 1;
        }
        // A replacement is an order too, and all that a peg sends after its first.
        let taken = [ExecKind::Accepted, ExecKind::Replaced];
        let accepted = taken.iter().any(|kind| *kind as u8 == execution.kind);
        if accepted {
            self.held_since_ns = None;
            self.order_went_through(execution.parent_id);
        } else if execution.reason == STATE_CHECK && self.held_since_ns.is_none() {
            self.held_since_ns = Some(execution.ts_recv_ns);
        }
        if accepted && execution.ts_trigger_ns != 0 {
            let latency_ns = execution.ts_recv_ns.saturating_sub(execution.ts_trigger_ns);
            self.to_ack.saturating_record(latency_ns.max(1));
        }
        if execution.reason == STATE_CHECK && execution.kind == ExecKind::RejectedByRisk as u8 {
            self.pause_parents(execution.parent_id);
        }
        let actions = self.desk.execution(execution);
        if self.is_earlier(execution.order_id) {
            self.count_earlier(execution.parent_id);
        }
        self.stray_rests([execution.order_id, execution.orig_order_id]);
        self.act(actions);
        self.untold.push_back(*execution);
    }

    /// Time passes for parents: the market's own, which is the same in every run of a lockstep day.
    pub fn tick(&mut self) {
        let event_ns = self.control.stats().event_ns;
        if event_ns != self.ticked_ns {
            self.ticked_ns = event_ns;
            let actions = self.desk.parents.tick(event_ns);
            self.act(actions);
        }
    }

    /// Ends parents that were refused too often.
    pub fn review(&mut self) {
        let actions = self.desk.parents.review();
        self.act(actions);
    }

    /// Journals what was staged; only then are the places in the rings given back.
    pub fn commit(&mut self) {
        if self.journal_fault.is_none()
            && let Err(error) = self.journal.flush()
        {
            self.journal_fault = Some(error.to_string());
            let open: Vec<u64> = self.open_parents();
            for id in open {
                self.work(id, Activity::Stopping);
            }
        }
        self.intents.release();
        self.executions.release();
    }

    pub(super) fn open_parents(&self) -> Vec<u64> {
        let open = self
            .desk
            .parents
            .iter()
            .filter(|parent| !parent.state.is_final());
        open.map(|parent| parent.order.parent_id).collect()
    }
}
