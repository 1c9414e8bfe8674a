//! Numbers by seed. Integers only, so that the same seed gives the same numbers on every machine.

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
pub struct Rng(u64);

/// 1.0 in the fixed point of [`Rng::exponential`] and of chances.
const ONE: u64 = 1 << 32;

impl Rng {
    /// Each `purpose` has its own numbers: using one more of one kind moves no other.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&seed.to_le_bytes())
            .update(purpose.as_bytes());
        let bytes = hasher.finalize();
        let (first, _) = bytes.as_bytes().split_first_chunk().expect("32 bytes");
        Self(u64::from_le_bytes(*first))
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0..bound; the bias is below 2^-32 for the small bounds that we use.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "something to choose from");
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        // Drawn even at 0, so that setting one chance leaves the others' numbers where they are.
        let drawn = self.draw() >> 32;
        drawn < (probability * ONE as f64) as u64
    }

    /// A waiting time of this mean, by von Neumann's method: comparisons of uniform numbers only, no logarithm.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        let mut whole = 0_u64;
        loop {
            let first = self.draw() >> 32;
            let (mut last, mut run) = (first, 1_u64);
            loop {
                let next = self.draw() >> 32;
                if next >= last {
                    break;
                }
                last = next;
                run += 1;
            }
            if run % 2 == 1 {
                let value = u128::from(whole * ONE + first);
                return ((value * u128::from(mean)) >> 32) as u64;
            }
            whole += 1;
        }
    }

    /// How often a coin of probability 1/`one_in` failed before it came; at most `limit`.
    pub fn failures(&mut self, one_in: u64, limit: u64) -> u64 {
        let mut count = 0;
        while count < limit && self.below(one_in) != 0 {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn waiting_times_have_the_mean_and_spread_of_an_exponential() {
        let mut rng = Rng::new(1, "test");
        let drawn: Vec<f64> = (0..40_000)
            .map(|_| rng.exponential(1_000_000) as f64 / 1e6)
            .collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        let long = drawn.iter().filter(|x| **x > 2.0).count() as f64 / drawn.len() as f64;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
        assert!((long - (-2.0_f64).exp()).abs() < 0.01, "{long}");
    }

    #[test]
    fn chances_come_as_often_as_they_say_and_purposes_are_apart() {
        let mut rng = Rng::new(1, "test");
        let hits = (0..40_000).filter(|_| rng.chance(0.25)).count();
        assert!((9_600..10_400).contains(&hits), "{hits}");
        assert!((0..100).all(|_| rng.chance(1.0)));
        assert!(!(0..100).any(|_| rng.chance(0.0)));
        assert_ne!(Rng::new(1, "a").draw(), Rng::new(1, "b").draw());
    }
}
