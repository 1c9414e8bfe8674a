//! OUCH stamps count from the venue's midnight; everything here says UTC.

const DAY_NS: u64 = 86_400_000_000_000;

/// UTC ns of a stamp `since_midnight_ns` that was received at `utc_ns`. `midnight_ns` is the venue's midnight; 0 for the
/// UTC midnight that puts the stamp nearest to its receipt, whatever day it is by then. A stamp that no clock shows is 0.
pub fn event_ns(midnight_ns: u64, since_midnight_ns: u64, utc_ns: u64) -> u64 {
    if midnight_ns != 0 {
        return midnight_ns.checked_add(since_midnight_ns).unwrap_or(0);
    }
    let today = utc_ns - utc_ns % DAY_NS;
    let days = [
        today.checked_sub(DAY_NS),
        Some(today),
        today.checked_add(DAY_NS),
    ];
    let stamps = days.iter().flatten();
    stamps
        .filter_map(|day| day.checked_add(since_midnight_ns))
        .min_by_key(|stamp| stamp.abs_diff(utc_ns))
        .unwrap_or(0)
}
