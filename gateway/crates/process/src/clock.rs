//! The two clocks. Pure cores take times as arguments; only a `main` reads these.

/// UTC, ns. May be set while we run: stamps, never intervals.
pub fn utc_ns() -> u64 {
    read(libc::CLOCK_REALTIME)
}

/// Monotonic, ns, the same for all processes of this machine: intervals and heartbeats.
pub fn monotonic_ns() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a valid place for the answer.
    let result = unsafe { libc::clock_gettime(clock, &mut time) };
    assert!(result == 0, "both clocks exist on Linux");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
