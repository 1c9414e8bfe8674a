//! A peg at a venue whose session breaks again and again, at any moment: it never has two orders there, never trades more than
//! it may, and when it stops nothing of it rests on.

mod rig;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cws_abi::{ExecKind, Execution, IntentKind, OrderIntent, Side};
use cws_book::hot_abi::{Activity, HotConfig, HotParent, Style};
use cws_book::random::Random;
use rig::{Rig, SECOND, add, answer, config, delete, parent};

const QUANTITY: i64 = 5_000;

#[derive(Clone, Copy)]
struct Resting {
    leaves: i64,
    traded: i64,
    intent: OrderIntent,
}

/// Venue and risk in one: what was sent, what rests, what is still to be told.
struct World {
    rig: Rig,
    random: Random,
    sent: VecDeque<OrderIntent>,
    resting: BTreeMap<u64, Resting>,
    /// What the venue said and risk has not heard.
    said: VecDeque<Execution>,
    /// Orders without an answer that risk has heard.
    open: BTreeMap<u64, OrderIntent>,
    unknown: BTreeSet<u64>,
    recovering: bool,
    /// What risk said and the hot thread has not heard.
    told: VecDeque<Execution>,
    traded: i64,
    packets: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rig = Rig::new(HotConfig {
            rate_per_s: 1_000_000_000,
            burst: 1_000_000_000,
            ..config()
        });
        rig.now_ns = SECOND;
        rig.open_market(5);
        let mut world = Self {
            rig,
            random: Random::new(seed),
            sent: VecDeque::new(),
            resting: BTreeMap::new(),
            said: VecDeque::new(),
            open: BTreeMap::new(),
            unknown: BTreeSet::new(),
            recovering: false,
            told: VecDeque::new(),
            traded: 0,
            packets: 0,
        };
        world.set(Activity::Working);
        world
    }

    /// Also forgets how often it was refused, as the slow path does when risk is back.
    fn set(&mut self, activity: Activity) {
        let peg = HotParent {
            quantity: QUANTITY,
            activity: activity as u8,
            ..parent(Style::Peg)
        };
        self.rig.control.set_parent(&peg).expect("sound");
    }

    /// The best bid moves.
    fn market(&mut self) {
        self.packets += 1;
        self.rig.now_ns += 1_000;
        let at = self.rig.now_ns;
        let price = 999_910 + 10 * self.random.below(15) as u32;
        let mut messages = vec![add(at, 5, 10 + self.packets, Side::Buy, 100, price)];
        if self.packets > 1 {
            messages.push(delete(at, 5, 9 + self.packets));
        }
        let made = self.rig.packet(&messages);
        self.sends(made);
    }

    fn sends(&mut self, made: Vec<OrderIntent>) {
        for intent in made {
            if self.recovering && intent.kind != IntentKind::Cancel as u8 {
                let refusal = answer(&intent, ExecKind::RejectedByRisk, 0);
                self.told.push_back(refusal);
                continue;
            }
            if intent.kind != IntentKind::Cancel as u8 {
                self.open.insert(intent.order_id, intent);
            }
            self.sent.push_back(intent);
        }
    }

    /// The venue takes the next of what was sent.
    fn takes(&mut self) {
        let Some(intent) = self.sent.pop_front() else {
            return;
        };
        let (id, orig) = (intent.order_id, intent.orig_order_id);
        let mut said = answer(&intent, ExecKind::Accepted, 0);
        let mut leaves = intent.quantity;
        if intent.kind == IntentKind::Cancel as u8 {
            said.kind = match self.resting.remove(&orig) {
                Some(_) => ExecKind::Canceled as u8,
                None => ExecKind::CancelRejected as u8,
            };
            if said.kind == ExecKind::Canceled as u8 {
                (said.order_id, said.orig_order_id) = (orig, id);
            }
            return self.said.push_back(said);
        }
        if intent.kind == IntentKind::Replace as u8 {
            said.kind = ExecKind::RejectedByVenue as u8;
            let Some(old) = self.resting.remove(&orig) else {
                return self.said.push_back(said);
            };
            said.kind = ExecKind::Replaced as u8;
            leaves = (intent.quantity - old.traded).max(0);
        }
        said.leaves_qty = leaves;
        self.said.push_back(said);
        if leaves > 0 {
            let traded = 0;
            let order = Resting {
                leaves,
                traded,
                intent,
            };
            self.resting.insert(id, order);
        }
        assert!(
            self.resting.len() <= 1,
            "two orders rest: {:?}",
            self.resting.keys()
        );
    }

    /// What rests trades, in part or whole. The word may overtake the one before it, where that is about the same order.
    fn trades(&mut self) {
        let Some((&id, order)) = self.resting.iter_mut().next() else {
            return;
        };
        let shares = 1 + self.random.below(order.leaves as u64) as i64;
        order.leaves -= shares;
        order.traded += shares;
        self.traded += shares;
        let mut said = answer(&order.intent, ExecKind::Filled, shares);
        (said.leaves_qty, said.orig_order_id) = (order.leaves, 0);
        if order.leaves == 0 {
            self.resting.remove(&id);
        }
        assert!(self.traded <= QUANTITY, "more than the parent");
        let overtakes = self.said.back().is_some_and(|last| last.order_id == id);
        if !overtakes || self.random.chance(1, 2) {
            return self.said.push_back(said);
        }
        let mut last = self.said.pop_back().expect("there is one");
        last.leaves_qty = (last.leaves_qty - shares).max(0);
        self.said.extend([said, last]);
    }

    /// Risk hears the next of what the venue said.
    fn hears(&mut self) {
        if let Some(said) = self.said.pop_front() {
            self.open.remove(&said.order_id);
            self.unknown.remove(&said.order_id);
            self.told.push_back(said);
        } else if self.recovering {
            // The venue has no more to say: what is still unknown, it never had.
            self.recovering = false;
            for id in std::mem::take(&mut self.unknown) {
                let intent = self.open.remove(&id).expect("unanswered");
                self.told
                    .push_back(answer(&intent, ExecKind::NotAtVenue, 0));
            }
        }
    }

    /// The session breaks: of what is on its way the venue takes some, and the rest never arrives. Cancels risk asks for again.
    fn breaks(&mut self) {
        for _ in 0..self.random.below(3) {
            self.takes();
        }
        let cancel = |intent: &OrderIntent| intent.kind == IntentKind::Cancel as u8;
        self.sent.retain(cancel);
        for (id, intent) in &self.open {
            if self.unknown.insert(*id) {
                self.told.push_back(answer(intent, ExecKind::Unknown, 0));
            }
        }
        self.recovering = true;
    }

    fn tells(&mut self) {
        if let Some(told) = self.told.pop_front() {
            let made = self.rig.execution(&told);
            self.sends(made);
        }
    }

    fn step(&mut self) {
        match self.random.below(20) {
            0..=3 => self.market(),
            4..=7 => self.takes(),
            8..=9 => self.trades(),
            10..=13 => self.hears(),
            14..=18 => self.tells(),
            _ => self.breaks(),
        }
        if self.random.chance(1, 50) {
            self.set(Activity::Working);
        }
    }
}

#[test]
fn sessions_break_and_nothing_is_left_behind() {
    let mut traded = 0;
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
        }
        for _ in 0..60 {
            world.set(Activity::Stopping);
            world.market();
            world.takes();
            world.hears();
            world.tells();
            world.tells();
        }
        let left: Vec<_> = world.resting.keys().collect();
        assert!(left.is_empty(), "seed {seed}: {left:?} rests on");
        traded += world.traded;
    }
    assert!(traded > 100_000, "{traded}");
}
