//! An order id says who made it: region, epoch, counter. A newer epoch fences an older one off.

use std::fmt;

/// 16 bits, less what three digits of base 36 cannot say.
pub const EPOCH_MAX: u16 = 46_655;
/// 40 bits.
pub const COUNTER_MAX: u64 = (1 << 40) - 1;
/// OUCH 4.2: an order token is 14 alphanumeric characters, space-padded on the right.
pub const TOKEN_LEN: usize = 14;

const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// `region << 56 | epoch << 40 | counter`; region is a capital letter, counter starts at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId {
    region: u8,
    epoch: u16,
    counter: u64,
}

/// Why text is no order id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenError;

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no order id: a capital letter, three and eight digits of base 36 are expected"
        )
    }
}

impl std::error::Error for TokenError {}

impl OrderId {
    /// None where a part is out of its range.
    pub fn new(region: u8, epoch: u16, counter: u64) -> Option<Self> {
        let fits = region.is_ascii_uppercase()
            && epoch <= EPOCH_MAX
            && (1..=COUNTER_MAX).contains(&counter);
        fits.then_some(Self {
            region,
            epoch,
            counter,
        })
    }

    pub fn from_bits(bits: u64) -> Option<Self> {
        Self::new((bits >> 56) as u8, (bits >> 40) as u16, bits & COUNTER_MAX)
    }

    pub fn bits(self) -> u64 {
        (u64::from(self.region) << 56) | (u64::from(self.epoch) << 40) | self.counter
    }

    pub fn region(self) -> u8 {
        self.region
    }

    pub fn epoch(self) -> u16 {
        self.epoch
    }

    pub fn counter(self) -> u64 {
        self.counter
    }

    /// The token that the venue sees.
    pub fn token(self) -> [u8; TOKEN_LEN] {
        let mut token = [b' '; TOKEN_LEN];
        token[0] = self.region;
        write_base36(&mut token[1..4], u64::from(self.epoch));
        write_base36(&mut token[4..12], self.counter);
        token
    }

    pub fn from_token(token: &[u8; TOKEN_LEN]) -> Result<Self, TokenError> {
        let epoch = read_base36(&token[1..4]).ok_or(TokenError)?;
        let counter = read_base36(&token[4..12]).ok_or(TokenError)?;
        let epoch = u16::try_from(epoch).map_err(|_| TokenError)?;
        let padded = token[12..] == *b"  ";
        Self::new(token[0], epoch, counter)
            .filter(|_| padded)
            .ok_or(TokenError)
    }
}

fn write_base36(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = DIGITS[(number % 36) as usize];
        number /= 36;
    }
    assert!(number == 0, "the caller's range fits the place");
}

fn read_base36(place: &[u8]) -> Option<u64> {
    place.iter().try_fold(0_u64, |sum, byte| {
        let digit = DIGITS.iter().position(|d| d == byte)?;
        sum.checked_mul(36)?.checked_add(digit as u64)
    })
}
