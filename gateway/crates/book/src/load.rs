//! What a measurement is held against: the clock, one random load from memory, and what the machine is.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};

use crate::random::Random;

/// Cycles of the time stamp counter to ns, measured against the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Tsc {
    ns_per_cycle: f64,
}

impl Tsc {
    /// Spins for 50 ms.
    pub fn calibrate() -> Self {
        let (start, first) = (Instant::now(), Self::now());
        while start.elapsed().as_millis() < 50 {
            std::hint::spin_loop();
        }
        let (took, last) = (start.elapsed().as_nanos() as f64, Self::now());
        Self {
            ns_per_cycle: took / (last - first) as f64,
        }
    }

    /// Waits for all earlier instructions, so that a measured piece neither leaks out nor lets others in.
    #[inline]
    pub fn now() -> u64 {
        // SAFETY: rdtscp and lfence are on every x86-64 machine that we build for.
        unsafe {
            let mut core = 0;
            let cycles = std::arch::x86_64::__rdtscp(&mut core);
            std::arch::x86_64::_mm_lfence();
            cycles
        }
    }

    pub fn ns(self, cycles: u64) -> f64 {
        cycles as f64 * self.ns_per_cycle
    }

    /// What two readings with nothing in between are apart: the median of many, in ns. It is in every measured time.
    pub fn reading_ns(self) -> f64 {
        let mut apart: Vec<u64> = (0..10_001)
            .map(|_| {
                let first = Self::now();
                Self::now() - first
            })
            .collect();
        apart.sort_unstable();
        self.ns(apart[5_000])
    }
}

/// ns that this thread has run: on a shared machine, time taken by others is not ours.
pub fn thread_ns() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: one struct is written.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    assert!(failed == 0, "every Linux has this clock");
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// ns of one dependent load from a random cache line of `bytes` of memory, the median of 64 batches.
///
/// A ring through all lines in random order (Sattolo's algorithm), so that each load waits for the one before. `huge`
/// asks for huge pages, which spares the walk through the page tables.
pub fn random_load_ns(bytes: usize, huge: bool, seed: u64) -> f64 {
    const WORDS: usize = 8;
    const BATCHES: usize = 64;
    const LOADS: usize = 20_000;
    let lines = bytes / 64;
    let mut memory = Lines::new(lines * WORDS, huge);
    let ring = memory.words();
    let mut random = Random::new(seed);
    let mut order: Vec<u32> = (0..lines as u32).collect();
    for at in (1..lines).rev() {
        order.swap(at, random.below(at as u64) as usize);
    }
    for at in 0..lines {
        ring[order[at] as usize * WORDS] = u64::from(order[(at + 1) % lines]);
    }
    drop(order);
    let mut at = 0;
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = thread_ns();
            for _ in 0..LOADS {
                at = ring[at as usize * WORDS];
            }
            black_box(at);
            (thread_ns() - start) as f64 / LOADS as f64
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

struct Lines {
    start: *mut u64,
    words: usize,
}

impl Lines {
    fn new(words: usize, huge: bool) -> Self {
        // SAFETY: a fresh private mapping, checked below.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                words * 8,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert!(start != libc::MAP_FAILED, "memory for the random loads");
        let advice = if huge {
            libc::MADV_HUGEPAGE
        } else {
            libc::MADV_NOHUGEPAGE
        };
        // SAFETY: the mapping above; a refused advice is none taken.
        unsafe { libc::madvise(start, words * 8, advice) };
        Self {
            start: start.cast(),
            words,
        }
    }

    fn words(&mut self) -> &mut [u64] {
        // SAFETY: zeroed memory of this length, ours alone while self lives.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.words) }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`.
        unsafe { libc::munmap(self.start.cast(), self.words * 8) };
    }
}

/// Model, cores, load of the last minute: a time without its machine says nothing.
pub fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let load = read("/proc/loadavg");
    json!({
        "model": model,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "load_1m": load.split(' ').next().and_then(|l| l.parse::<f64>().ok()),
    })
}
