//! When the next packet is due, and how late its answer came.

use cws_book::random::Random;
use hdrhistogram::Histogram;

/// Beyond a minute an answer is lost, not late.
const HIGHEST_NS: u64 = 60_000_000_000;

/// Sends are due at `start + n * interval`, or a little after; answers come back in order of their sends, each carrying its number.
pub struct Pacing {
    interval_ns: u64,
    spread_ns: u64,
    start_ns: u64,
    first: u64,
    sent: u64,
    /// Of this block, by `answered_through`.
    answered: u64,
    pub latency_ns: Histogram<u64>,
    /// Of this block alone.
    block_ns: Histogram<u64>,
}

impl Pacing {
    pub fn new(interval_ns: u64) -> Self {
        assert!(interval_ns > 0, "a rate");
        let histogram =
            || Histogram::new_with_bounds(1, HIGHEST_NS, 3).expect("fixed bounds are valid");
        Self {
            interval_ns,
            spread_ns: 0,
            start_ns: 0,
            first: 0,
            sent: 0,
            answered: 0,
            latency_ns: histogram(),
            block_ns: histogram(),
        }
    }

    /// Each send is due up to this much later, by its number: at an even pace what happens every few milliseconds would
    /// meet the same place between two sends again and again, or never.
    #[must_use]
    pub fn spread(self, spread_ns: u64) -> Self {
        assert!(spread_ns <= self.interval_ns, "sends keep their order");
        Self { spread_ns, ..self }
    }

    /// A new block of sends, numbered from `first`; its latencies join the others.
    pub fn restart(&mut self, start_ns: u64, first: u64) {
        (self.start_ns, self.first) = (start_ns, first);
        (self.sent, self.answered) = (0, 0);
        self.block_ns.reset();
    }

    pub fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// The number to send now, if one is due. A late sender catches up, one call each.
    pub fn due(&mut self, now_ns: u64) -> Option<u64> {
        let due_ns = self.due_ns(self.first + self.sent);
        (now_ns >= due_ns).then(|| {
            self.sent += 1;
            self.first + self.sent - 1
        })
    }

    fn due_ns(&self, number: u64) -> u64 {
        let later_ns = Random::new(number).below(self.spread_ns.max(1));
        self.start_ns + (number - self.first) * self.interval_ns + later_ns
    }

    /// Of this block.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The answer to `number` is here. Latency counts from when it was due.
    pub fn answered(&mut self, number: u64, now_ns: u64) {
        let due_ns = self.due_ns(number);
        let latency_ns = now_ns.saturating_sub(due_ns).max(1);
        self.latency_ns.saturating_record(latency_ns);
        self.block_ns.saturating_record(latency_ns);
    }

    /// The answer to `number` is here, and with it that to each earlier one that has none: an order that follows the
    /// newest packet answers those that it overtook, and left out they would hide the longest waits. Gives how many were
    /// answered so, none where the answer is a repeated one.
    pub fn answered_through(&mut self, number: u64, now_ns: u64) -> u64 {
        let begin = self.first + self.answered;
        (begin..=number).for_each(|each| self.answered(each, now_ns));
        self.answered = self.answered.max((number + 1).saturating_sub(self.first));
        self.first + self.answered - begin
    }

    pub fn quantile_us(&self, quantile: f64) -> f64 {
        self.latency_ns.value_at_quantile(quantile) as f64 / 1e3
    }

    /// Of this block alone.
    pub fn block_quantile_us(&self, quantile: f64) -> f64 {
        self.block_ns.value_at_quantile(quantile) as f64 / 1e3
    }
}
