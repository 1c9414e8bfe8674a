//! Engine events as sequenced answers of the sessions they concern, and what goes wrong with them on purpose.

use cws_matching::{Event, Executed, Phase, Replaced};

use crate::desk::{Desks, Held, Owner, Pending};
use crate::faults::{FaultKind, Faults};
use crate::itch::{price4, shares};
use crate::ouch::{self, Token};

/// Held-back fills; at the bound none is held any more.
const HELD_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ack,
    Fill {
        resting: bool,
    },
    /// The order lost shares, its life or its token.
    Cut,
    Other,
}

#[derive(Debug)]
struct Answer {
    desk: usize,
    order: u64,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Answer {
    fn new(desk: usize, order: u64, kind: Kind, bytes: Vec<u8>) -> Self {
        Self {
            desk,
            order,
            kind,
            bytes,
        }
    }
}

impl Desks {
    /// Turns one request's events into sequenced answers, as the faults leave them. Gives the acknowledgements that are
    /// to be lost on their way: session and number.
    pub fn answer(
        &mut self,
        asked: Option<(usize, Pending)>,
        events: &[Event],
        (now_ns, timestamp): (u64, u64),
        faults: &mut Faults,
    ) -> Vec<(usize, u64)> {
        let mut answers = Vec::new();
        for event in events {
            self.answers_to(event, asked.as_ref(), timestamp, &mut answers);
        }
        for answer in &answers {
            // Accepted and Replaced go along: an execution names its order by token only.
            if matches!(answer.bytes[0], b'A' | b'U' | b'E') {
                self.drop_copy.push(&answer.bytes);
            }
        }
        fill_before_ack(&mut answers, faults);
        let mut lost = Vec::new();
        for answer in answers {
            self.deliver(answer, now_ns, faults, &mut lost);
        }
        if let Some((desk, Pending::Cancel(token))) = asked {
            // The order is gone and its last fill still waits: the fill comes after the cancel that was too late.
            self.release(|held| held.desk == desk && held.bytes[9..23] == token);
        }
        lost
    }

    fn deliver(
        &mut self,
        answer: Answer,
        now_ns: u64,
        faults: &mut Faults,
        lost: &mut Vec<(usize, u64)>,
    ) {
        let Answer {
            desk,
            order,
            kind,
            bytes,
        } = answer;
        if kind == (Kind::Fill { resting: true })
            && faults.happens(FaultKind::LateFill)
            && self.held.len() < HELD_MAX
        {
            let due_ns = now_ns + faults.chances.late_fill_ms * 1_000_000;
            self.held.push(Held {
                due_ns,
                desk,
                order,
                bytes,
            });
            return;
        }
        let number = self.desks[desk].stream.push(&bytes);
        match kind {
            Kind::Ack if faults.happens(FaultKind::AckLost) => lost.push((desk, number)),
            Kind::Fill { .. } if faults.happens(FaultKind::DuplicateExecution) => {
                self.desks[desk].stream.push(&bytes);
            }
            Kind::Cut => self.release(|held| held.order == order),
            _ => {}
        }
    }

    /// Sends the held-back fills that are due.
    pub fn release_due(&mut self, now_ns: u64) {
        self.release(|held| held.due_ns <= now_ns);
    }

    /// When the next held-back fill is due, event time.
    pub fn held_due_ns(&self) -> Option<u64> {
        self.held.iter().map(|held| held.due_ns).min()
    }

    fn release(&mut self, mut wanted: impl FnMut(&Held) -> bool) {
        let desks = &mut self.desks;
        self.held.retain(|held| {
            let released = wanted(held);
            if released {
                desks[held.desk].stream.push(&held.bytes);
            }
            !released
        });
    }

    fn answers_to(
        &mut self,
        event: &Event,
        asked: Option<&(usize, Pending)>,
        timestamp: u64,
        out: &mut Vec<Answer>,
    ) {
        match (event, asked) {
            (Event::Accepted(e), Some((desk, Pending::Enter(enter)))) => {
                let (desk, enter) = (*desk, *enter);
                self.desks[desk].tokens.insert(enter.order_token, e.order);
                self.owners.insert(e.order, Owner { desk, enter });
                let bytes = ouch::accepted(timestamp, &enter, e.order);
                out.push(Answer::new(desk, e.order, Kind::Ack, bytes));
            }
            (Event::Rejected(e), Some((desk, pending))) => {
                let token = pending.token();
                self.desks[*desk].tokens.insert(token, 0);
                let bytes = ouch::rejected(timestamp, token, e.reason as u8);
                out.push(Answer::new(*desk, 0, Kind::Other, bytes));
            }
            (Event::Replaced(e), Some((_, Pending::Replace(replace)))) => {
                out.extend(self.replaced(e, replace.replacement_order_token, timestamp));
            }
            (Event::Executed(e), _) => {
                let sides = [
                    (e.resting, e.resting_open, b'A'),
                    (e.aggressor, e.aggressor_open, b'R'),
                ];
                out.extend(
                    sides
                        .into_iter()
                        .filter_map(|side| self.executed(e, side, timestamp)),
                );
            }
            (Event::Canceled(e), _) => {
                let Some(owner) = self.owners.get(&e.order) else {
                    return;
                };
                let (desk, token) = (owner.desk, owner.enter.order_token);
                let bytes = ouch::canceled(timestamp, token, shares(e.quantity), e.reason as u8);
                out.push(Answer::new(desk, e.order, Kind::Cut, bytes));
                self.forget_if_done(e.order, e.open);
            }
            (Event::Phase(phase), _) => {
                let code = if *phase == Phase::Open { b'S' } else { b'E' };
                let bytes = ouch::system_event(timestamp, code);
                let all = 0..self.desks.len();
                out.extend(all.map(|desk| Answer::new(desk, 0, Kind::Other, bytes.clone())));
            }
            _ => {}
        }
    }

    fn replaced(&mut self, e: &Replaced, token: Token, timestamp: u64) -> Option<Answer> {
        let mut owner = self.owners.remove(&e.old)?;
        let (desk, previous) = (owner.desk, owner.enter.order_token);
        owner.enter.order_token = token;
        owner.enter.shares = shares(e.new.quantity);
        owner.enter.price = price4(e.new.price);
        let bytes = ouch::replaced(timestamp, &owner.enter, e.order, previous);
        let tokens = &mut self.desks[desk].tokens;
        tokens.insert(previous, 0);
        tokens.insert(token, e.order);
        self.owners.insert(e.order, owner);
        Some(Answer::new(desk, e.old, Kind::Cut, bytes))
    }

    /// One side of a trade, if a session owns it.
    fn executed(
        &mut self,
        e: &Executed,
        (order, open, flag): (u64, i64, u8),
        timestamp: u64,
    ) -> Option<Answer> {
        let owner = self.owners.get(&order)?;
        let (desk, token) = (owner.desk, owner.enter.order_token);
        let what = (shares(e.quantity), price4(e.price));
        let bytes = ouch::executed(timestamp, token, what, flag, e.match_number);
        let resting = flag == b'A';
        self.forget_if_done(order, open);
        Some(Answer::new(desk, order, Kind::Fill { resting }, bytes))
    }

    fn forget_if_done(&mut self, order: u64, open: i64) {
        if open == 0
            && let Some(owner) = self.owners.remove(&order)
        {
            let tokens = &mut self.desks[owner.desk].tokens;
            tokens.insert(owner.enter.order_token, 0);
        }
    }
}

/// Lets an order's first fill overtake its acknowledgement.
fn fill_before_ack(answers: &mut [Answer], faults: &mut Faults) {
    for ack in 0..answers.len() {
        let order = answers[ack].order;
        if answers[ack].kind != Kind::Ack || !faults.happens(FaultKind::FillBeforeAck) {
            continue;
        }
        let is_fill = |a: &Answer| a.order == order && matches!(a.kind, Kind::Fill { .. });
        if let Some(after) = answers[ack..].iter().position(is_fill) {
            answers[ack..=ack + after].rotate_right(1);
        }
    }
}
