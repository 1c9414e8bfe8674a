//! The slow path: everything that is not the hot thread, one round after the other on one thread.

use std::collections::{BTreeMap, BTreeSet};

use cws_abi::{Beat, BeatReader, ExecKind, Execution, OrderId};
use cws_book::hot::{Control, PACKET_MAX};
use cws_book::hot_abi::Activity;
use cws_journal::{Entry, ParentOrder, Writer};
use cws_process::clock;
use cws_process::fault::Fault;
use hdrhistogram::Histogram;

use super::capture::Capture;
use super::restart::{BEGUN, ring_fault};
use super::rings::{Executions, Intents};
use super::risk_link::RiskLink;
use crate::config::Config;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::oms::Note;
use crate::parents::{Action, ParentState};
use crate::style::hot_parent;

/// Work of one kind in one round; the rest waits for the next.
const ROUND_MAX: usize = 1_024;

/// R16: session and halt state, kills among them.
const STATE_CHECK: u16 = 16;

pub struct Gateway {
    pub config: Config,
    pub epoch: u16,
    pub build_hash: String,
    pub started_ns: u64,
    /// The exchange's, UTC ns.
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
    /// Shares of a parent that orders of earlier lives traded or hold.
    pub earlier: BTreeMap<u64, i64>,
    pub beat: Beat,
    pub risk_beat: Option<BeatReader>,
    pub risk_link: RiskLink,
    /// Arrival of the last packet, UTC ns.
    pub last_packet_ns: u64,
    /// Packet received to acknowledgement at the risk core, ns.
    pub to_ack: Histogram<u64>,
    /// Since when risk refuses for its own state (R16: session, halt or kill); None where it took an order since.
    pub held_since_ns: Option<u64>,
    /// Refusals by reason.
    pub reasons: BTreeMap<u16, u64>,
    /// Records of executions that the hot thread has not been told yet.
    pub untold: std::collections::VecDeque<Execution>,
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
        worked |= self.poll_executions()?;
        self.tick();
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
        while let Some(intent) = self.intents.next().map_err(|error| ring_fault(&error))? {
            worked = true;
            self.journal.stage(clock::utc_ns(), &Entry::Intent(intent));
            let actions = self.desk.intent(&intent);
            self.act(actions);
        }
        Ok(worked)
    }

    fn poll_executions(&mut self) -> Result<bool, Fault> {
        for count in 0..ROUND_MAX {
            let Some(execution) = self.executions.next().map_err(|error| ring_fault(&error))?
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

    fn take(&mut self, execution: &Execution) {
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
        let accepted = execution.kind == ExecKind::Accepted as u8;
        if accepted {
            self.held_since_ns = None;
        } else if execution.reason == STATE_CHECK && self.held_since_ns.is_none() {
            self.held_since_ns = Some(execution.ts_recv_ns);
        }
        if accepted && execution.ts_trigger_ns != 0 {
            let latency_ns = execution.ts_recv_ns.saturating_sub(execution.ts_trigger_ns);
            self.to_ack.saturating_record(latency_ns.max(1));
        }
        let actions = self.desk.execution(execution);
        if self.is_earlier(execution.order_id) {
            self.count_earlier(execution.parent_id);
        }
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

    fn open_parents(&self) -> Vec<u64> {
        let open = self
            .desk
            .parents
            .iter()
            .filter(|parent| !parent.state.is_final());
        open.map(|parent| parent.order.parent_id).collect()
    }

    pub fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                // The hot thread keeps to start and end by itself.
                Action::Arm(_) => {}
                Action::Disarm(id) => self.work(id, Activity::Stopping),
                // The hot thread cancels the children of a parent that stops; those of earlier lives were cancelled at
                // the start, and are reported if they still rest.
                Action::Cancel(id) if self.is_earlier(id) => self.desk.note(Note {
                    code: "CWS-GATEWAY-005",
                    order_id: id,
                    what: "an order of an earlier life rests on; cancel it with `cws kill`".into(),
                }),
                Action::Cancel(_) => {}
            }
        }
    }

    /// Takes a parent order that a socket handed over.
    pub fn hand_over(&mut self, order: ParentOrder) -> Result<bool, Fault> {
        if let Some(what) = &self.journal_fault {
            return Err(Fault::new(
                "CWS-GATEWAY-006",
                format!("nothing new is taken: {what}"),
                "gateway.journal",
                "make room or mend the disk, and start the gateway again",
            ));
        }
        let id = order.parent_id;
        let fresh = self.desk.add_parent(order.clone())?;
        if fresh {
            self.journal.stage(clock::utc_ns(), &Entry::Parent(order));
            self.commit();
            self.work(id, Activity::Working);
        }
        Ok(fresh)
    }

    pub fn cancel(&mut self, id: u64, who: String) -> Result<(), Fault> {
        let actions = self.desk.cancel_parent(id)?;
        let entry = Entry::CancelParent { parent_id: id, who };
        self.journal.stage(clock::utc_ns(), &entry);
        self.commit();
        self.act(actions);
        Ok(())
    }

    /// After a restart: what is left of each open parent goes on.
    pub fn resume(&mut self) {
        let open: Vec<(u64, ParentState)> = self
            .desk
            .parents
            .iter()
            .filter(|parent| !parent.state.is_final())
            .map(|parent| (parent.order.parent_id, parent.state))
            .collect();
        for (id, state) in open {
            self.count_earlier(id);
            if state != ParentState::Canceling {
                self.work(id, Activity::Working);
            }
        }
    }

    /// Tells the hot thread how a parent is to be worked from now on.
    fn work(&mut self, id: u64, activity: Activity) {
        let Some(parent) = self.desk.parents.get(id) else {
            return;
        };
        if activity == Activity::Working && parent.state.is_final() {
            return;
        }
        let known = self.directory.locate(&parent.order.symbol);
        let Some(symbol) = known.filter(|_| self.ready || activity != Activity::Working) else {
            if activity == Activity::Working {
                self.unnamed.insert(id);
            }
            return;
        };
        self.unnamed.remove(&id);
        let earlier = self.earlier.get(&id).copied().unwrap_or(0);
        let quantity = parent.order.quantity - earlier;
        let (activity, quantity) = match quantity {
            ..=0 => (Activity::Stopping, 1),
            shares => (activity, shares),
        };
        let told = hot_parent(&parent.order, symbol, quantity, self.defaults(), activity).and_then(
            |parent| {
                self.control
                    .set_parent(&parent)
                    .map_err(|error| hot_fault(&error))
            },
        );
        if let Err(fault) = told {
            self.desk.note(Note {
                code: fault.code,
                order_id: 0,
                what: format!("parent {id} is not worked: {}", fault.what),
            });
            self.desk.parents.refuse(id);
        }
    }

    /// Tick and end of a parent that names none.
    fn defaults(&self) -> (i64, u64) {
        const DAY_NS: u64 = 86_400_000_000_000;
        (self.config.hot.tick, self.midnight_ns + DAY_NS)
    }

    fn is_earlier(&self, order_id: u64) -> bool {
        OrderId::from_bits(order_id).is_none_or(|id| id.epoch() != self.epoch)
    }

    /// Orders of earlier lives ended or traded: the hot thread may work what they gave back.
    fn count_earlier(&mut self, parent_id: u64) {
        let of =
            |order: &&crate::oms::Order| order.parent_id == parent_id && self.is_earlier(order.id);
        let held: i64 = self
            .desk
            .orders
            .iter()
            .filter(of)
            .map(|o| o.cum + o.exposure())
            .sum();
        if self.earlier.insert(parent_id, held) != Some(held) {
            let working = self.desk.parents.get(parent_id).is_some_and(|parent| {
                matches!(parent.state, ParentState::Working | ParentState::Pending)
            });
            if working {
                self.work(parent_id, Activity::Working);
            }
        }
    }
}

fn hot_fault(error: &cws_book::hot::HotError) -> Fault {
    Fault::new(
        "CWS-GATEWAY-007",
        error.to_string(),
        "parent",
        "see gateway/README.md for the ranges",
    )
}
