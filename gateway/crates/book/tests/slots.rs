//! Slots of parents: given back when nothing of a parent is left, safe against what comes late; orders of an earlier life.

mod rig;

use cws_abi::{ExecKind, IntentKind, Side};
use cws_book::hot::{HotError, Stray};
use cws_book::hot_abi::{Activity, HotConfig, HotParent, Style};
use cws_book::random::Random;
use rig::{Rig, SECOND, add, answer, config, parent, tick};

fn with_slots(parents: u16) -> Rig {
    let mut rig = Rig::new(HotConfig {
        parents,
        rate_per_s: 1_000_000_000,
        burst: 1_000_000_000,
        ..config()
    });
    rig.now_ns = SECOND / 2;
    rig.open_market(5);
    rig
}

fn numbered(parent_id: u64, activity: Activity) -> HotParent {
    HotParent {
        parent_id,
        activity: activity as u8,
        ..parent(Style::Peg)
    }
}

fn set(rig: &mut Rig, parent_id: u64, activity: Activity) -> Result<(), HotError> {
    rig.control.set_parent(&numbered(parent_id, activity))
}

#[test]
fn a_slot_is_given_back_when_the_last_order_has_ended_and_a_late_trade_is_nobodys() {
    let mut rig = with_slots(1);
    set(&mut rig, 1, Activity::Working).expect("the only slot");
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Accepted, 0));
    set(&mut rig, 1, Activity::Retired).expect("known");
    rig.hot.idle(rig.now_ns);
    let cancel = rig.taken()[0];
    assert_eq!(cancel.kind, IntentKind::Cancel as u8);
    assert!(
        matches!(
            set(&mut rig, 2, Activity::Working),
            Err(HotError::ParentsFull)
        ),
        "its order may still trade"
    );
    let mut gone = answer(&first, ExecKind::Canceled, 0);
    gone.leaves_qty = 0;
    rig.execution(&gone);
    set(&mut rig, 2, Activity::Working).expect("the slot is free again");
    let second = tick(&mut rig, 2 * SECOND)[0];
    assert_eq!((second.parent_id, second.quantity), (2, 100));
    // The first one's trade crossed the cancel: it is none of the parent's that has the slot now.
    let late = answer(&first, ExecKind::Filled, 100);
    assert!(rig.execution(&late).is_empty());
    assert_eq!(rig.control.stats().unknown_executions, 1);
    rig.execution(&answer(&second, ExecKind::Filled, 100));
    let mut traded = 100;
    for at in 3..40 {
        for intent in tick(&mut rig, at * SECOND / 4) {
            traded += intent.quantity;
            rig.execution(&answer(&intent, ExecKind::Filled, intent.quantity));
        }
    }
    assert_eq!(traded, 1_000, "all of its own, nothing of the other's");
    // Of one that has ended nothing more is taken.
    set(&mut rig, 1, Activity::Working).expect_err("another has its slot");
}

#[test]
fn an_order_that_is_in_doubt_keeps_its_slot() {
    let mut rig = with_slots(1);
    set(&mut rig, 1, Activity::Working).expect("the only slot");
    let first = tick(&mut rig, SECOND)[0];
    rig.execution(&answer(&first, ExecKind::Unknown, 0));
    set(&mut rig, 1, Activity::Retired).expect("known");
    assert!(tick(&mut rig, 2 * SECOND).is_empty());
    set(&mut rig, 2, Activity::Working).expect_err("nobody knows yet");
    rig.execution(&answer(&first, ExecKind::NotAtVenue, 0));
    set(&mut rig, 2, Activity::Working).expect("resolved");
}

#[test]
fn ten_thousand_parents_go_through_eight_slots_and_each_is_found() {
    let mut rig = with_slots(8);
    let mut random = Random::new(5);
    let mut next_id = 1;
    let mut alive = Vec::new();
    let mut served = 0;
    for at in 0..20_000 {
        if alive.len() < 8 && random.chance(3, 4) {
            let id = random.next_u64() | 1;
            next_id += 1;
            set(&mut rig, id, Activity::Working).expect("a slot is free");
            alive.push(id);
        } else if !alive.is_empty() {
            let id = alive.swap_remove(random.below(alive.len() as u64) as usize);
            set(&mut rig, id, Activity::Retired).expect("known");
        }
        rig.now_ns = SECOND + at;
        let mut made = rig.packet(&[add(rig.now_ns, 5, 10 + at, Side::Buy, 1, 1)]);
        // Everything that is out ends at once, so that whoever retires lets go.
        while let Some(intent) = made.pop() {
            assert_ne!(intent.kind, IntentKind::Cancel as u8);
            served += u64::from(alive.contains(&intent.parent_id));
            assert!(alive.contains(&intent.parent_id), "of one that works");
            rig.execution(&answer(&intent, ExecKind::RejectedByVenue, 0));
        }
    }
    assert!(next_id > 7_000 && served > 10_000, "{next_id} {served}");
    assert_eq!(rig.control.stats().unknown_executions, 0);
}

#[test]
fn a_parent_that_is_new_and_over_needs_no_slot() {
    let mut rig = with_slots(1);
    for activity in [Activity::Stopping, Activity::Retired] {
        set(&mut rig, 9, activity).expect("nothing to do");
    }
    set(&mut rig, 1, Activity::Working).expect("the only slot");
}

#[test]
fn an_order_of_an_earlier_life_is_cancelled_through_the_ring_and_waits_for_room() {
    let mut rig = Rig::with_ring(config(), 2);
    for order_id in 1..=5 {
        assert!(rig.control.cancel_stray(&Stray {
            order_id,
            parent_id: 70 + order_id,
            symbol: 5,
            strategy: 3,
            side: Side::Sell as u8,
            ..Stray::default()
        }));
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        rig.hot.idle(SECOND);
        seen.extend(rig.taken());
    }
    let about: Vec<_> = seen
        .iter()
        .map(|i| (i.kind, i.orig_order_id, i.parent_id, i.quantity))
        .collect();
    let cancel = IntentKind::Cancel as u8;
    assert_eq!(
        about,
        (1..=5)
            .map(|id| (cancel, id, 70 + id, 0))
            .collect::<Vec<_>>()
    );
    let mut full = 0;
    while rig.control.cancel_stray(&Stray::default()) {
        full += 1;
    }
    assert_eq!(full, 1_024, "more wait with the caller");
}
