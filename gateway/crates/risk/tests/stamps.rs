//! Stamps that count from a midnight, and the UTC that they mean.

use cws_risk::session::event_ns;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;

proptest! {
    /// Whatever the hour, a message that was under way for less than half a day finds its day.
    #[test]
    fn the_nearest_midnight_is_found_over_midnights(
        event in DAY..40_000 * DAY, late in 0..11 * HOUR, early in 0..11 * HOUR,
    ) {
        prop_assert_eq!(event_ns(0, event % DAY, event + late), event);
        prop_assert_eq!(event_ns(0, event % DAY, event - early.min(event)), event);
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
