//! OUCH stamps count from the venue's midnight; everything here says UTC.

const HOUR_NS: u64 = 3_600_000_000_000;
const DAY_NS: u64 = 24 * HOUR_NS;

/// UTC ns of a stamp `since_midnight_ns` that was received at `utc_ns`. `midnight_ns` is the venue's midnight; 0 for the
/// newest UTC midnight that does not put the stamp into the future: a session that is told again tells in the evening what
/// the morning was. An hour is forgiven to clocks that are apart. A stamp that no clock shows is 0.
pub fn event_ns(midnight_ns: u64, since_midnight_ns: u64, utc_ns: u64) -> u64 {
    if midnight_ns != 0 {
        return midnight_ns.checked_add(since_midnight_ns).unwrap_or(0);
    }
    let newest_ns = utc_ns.saturating_add(HOUR_NS);
    let today = utc_ns - utc_ns % DAY_NS;
    let days = [
        today.checked_add(DAY_NS),
        Some(today),
        today.checked_sub(DAY_NS),
    ];
    let mut stamps = days
        .iter()
        .flatten()
        .filter_map(|day| day.checked_add(since_midnight_ns));
    stamps.find(|stamp| *stamp <= newest_ns).unwrap_or(0)
}
