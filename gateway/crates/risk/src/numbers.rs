//! Maps by number. Which numbers are in them follows from signed limits, from operators and from orders that all checks
//! let pass: nobody else can choose them so that they collide. So a multiplication is hash enough, where the standard
//! one costs more than the check that looks something up.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

pub type Numbered<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// Multiplies by 2^64 over the golden ratio, which spreads what lies close together: Knuth, The Art of Computer
/// Programming, volume 3, section 6.4.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberHasher(u64);

impl NumberHasher {
    fn take(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(32) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.take(u64::from(*byte)));
    }

    fn write_u8(&mut self, number: u8) {
        self.take(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.take(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.take(number);
    }
}
