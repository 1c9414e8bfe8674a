//! Of which day a stamp is, where no midnight is set: the receipt says, however late it is.

mod rig;

use cws_book::hot_abi::{HotParent, Style};
use rig::{Rig, SECOND, config, parent, ready, state};

const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
const TODAY: u64 = 20_000 * DAY;

/// The event time after the first message of a life: stamped `stamp`, received at `received` of today.
fn first(stamp: u64, received: u64) -> u64 {
    let mut rig = Rig::new(config());
    rig.now_ns = TODAY + received;
    rig.packet(&[state(stamp, 5, b'T')]);
    rig.control.stats().event_ns
}

#[test]
fn a_stamp_is_of_the_newest_day_that_is_not_in_the_future() {
    let late = DAY - SECOND;
    assert_eq!(first(late, SECOND), TODAY - SECOND, "under way at midnight");
    assert_eq!(
        first(SECOND, late),
        TODAY + DAY + SECOND,
        "our clock is slow"
    );
    assert_eq!(first(13 * HOUR, 12 * HOUR), TODAY + 13 * HOUR, "by an hour");
    assert_eq!(
        first(13 * HOUR + 1, 12 * HOUR),
        TODAY - 11 * HOUR + 1,
        "but by no more"
    );
    for received in [6, 7, 17, 18, 19, 23] {
        assert_eq!(first(6 * HOUR, received * HOUR), TODAY + 6 * HOUR);
    }
    let mut no_clock = ready(Style::Child);
    no_clock.packet(&[state(12 * HOUR, 9, b'T')]);
    assert_eq!(no_clock.control.stats().event_ns, 12 * HOUR);
}

/// A gateway that starts in the evening asks for the whole session again: a morning of tomorrow would end every parent.
#[test]
fn a_session_that_is_asked_for_again_in_the_evening_is_todays() {
    let mut rig = Rig::new(config());
    rig.now_ns = TODAY + 19 * HOUR;
    let working = HotParent {
        start_ns: TODAY + 18 * HOUR,
        end_ns: TODAY + DAY,
        ..parent(Style::Child)
    };
    rig.control.set_parent(&working).expect("sound");
    let told = |rig: &mut Rig, stamp| {
        let add = |reference, side, price| rig::add(stamp, 5, reference, side, 500, price);
        rig.packet(&[
            rig::event(stamp, b'Q'),
            state(stamp, 5, b'T'),
            add(stamp, cws_abi::Side::Buy, 999_900),
            add(stamp + 1, cws_abi::Side::Sell, 1_000_100),
        ])
    };
    assert!(told(&mut rig, 6 * HOUR).is_empty(), "before its start");
    assert_eq!(rig.control.stats().event_ns, TODAY + 6 * HOUR);
    assert_eq!(told(&mut rig, 19 * HOUR).len(), 1, "it is worked");
}
