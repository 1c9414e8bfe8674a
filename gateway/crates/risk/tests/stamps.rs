//! Stamps that count from a midnight, and the UTC that they mean.

use cws_risk::session::event_ns;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;

#[test]
fn the_day_is_the_newest_that_is_not_in_the_future() {
    let today = 20_000 * DAY;
    let at = |hour: u64, minute: u64, second: u64| {
        hour * HOUR + minute * HOUR / 60 + second * HOUR / 3_600
    };
    for (stamp, received, day) in [
        (at(23, 59, 59), today + at(0, 0, 1), today - DAY),
        (at(0, 0, 1), today + at(23, 59, 59), today + DAY),
        (at(6, 0, 0), today + at(19, 0, 0), today),
        (at(13, 0, 0), today + at(0, 30, 0), today - DAY),
        (at(9, 30, 0), today + at(9, 0, 0), today),
        (at(9, 30, 0), today + at(8, 0, 0), today - DAY),
    ] {
        assert_eq!(event_ns(0, stamp, received), day + stamp);
    }
    // As the day began, in a world without a day before it.
    assert_eq!(event_ns(0, at(5, 0, 0), at(1, 0, 0)), 0);
}

proptest! {
    /// Whatever the hour, a message finds its day: told again up to 23 h later, or by a clock up to an hour ahead of ours.
    #[test]
    fn the_day_is_found_over_midnights(
        event in DAY..40_000 * DAY, late in 0..23 * HOUR, early in 0..HOUR,
    ) {
        prop_assert_eq!(event_ns(0, event % DAY, event + late), event);
        prop_assert_eq!(event_ns(0, event % DAY, event - early), event);
    }

    #[test]
    fn a_given_midnight_is_taken_as_it_is(midnight in 1..40_000 * DAY, stamp in 0..DAY, utc in any::<u64>()) {
        prop_assert_eq!(event_ns(midnight, stamp, utc), midnight + stamp);
    }

    #[test]
    fn no_stamp_of_a_stranger_overflows(midnight in any::<u64>(), stamp in any::<u64>(), utc in any::<u64>()) {
        event_ns(midnight, stamp, utc);
    }
}
