//! Prices of the wire and the 1e-9 that is used inside.

use crate::WireError;

/// 1e-4 in units of 1e-9.
pub const NANOS_PER_PRICE4: i64 = 100_000;
/// 1e-8 in units of 1e-9.
pub const NANOS_PER_PRICE8: i64 = 10;

/// A price(4) of ITCH and OUCH: units of 1e-4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Price4(pub u32);

impl Price4 {
    /// OUCH 4.2: the price of a market order.
    pub const MARKET: Self = Self(0x7FFF_FFFF);

    /// In 1e-9; every price(4) fits.
    #[inline]
    pub fn nanos(self) -> i64 {
        i64::from(self.0) * NANOS_PER_PRICE4
    }

    /// From 1e-9.
    ///
    /// # Errors
    /// [`WireError::Price`] where the price is below zero, has a rest, or is too large for 32 bits.
    #[inline]
    pub fn from_nanos(nanos: i64) -> Result<Self, WireError> {
        let units = units(nanos, NANOS_PER_PRICE4)?;
        let units = u32::try_from(units);
        let units = units.map_err(|_| refuse(nanos, "is too large for a price(4)"))?;
        Ok(Self(units))
    }
}

/// A price(8) of ITCH: units of 1e-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Price8(pub u64);

impl Price8 {
    /// In 1e-9.
    ///
    /// # Errors
    /// [`WireError::PriceRange`] where it does not fit in 64 bits.
    #[inline]
    pub fn nanos(self) -> Result<i64, WireError> {
        let units = i64::try_from(self.0).ok();
        let nanos = units.and_then(|units| units.checked_mul(NANOS_PER_PRICE8));
        nanos.ok_or(WireError::PriceRange { raw: self.0 })
    }

    /// From 1e-9.
    ///
    /// # Errors
    /// [`WireError::Price`] where the price is below zero or has a rest.
    #[inline]
    pub fn from_nanos(nanos: i64) -> Result<Self, WireError> {
        units(nanos, NANOS_PER_PRICE8).map(Self)
    }
}

fn refuse(nanos: i64, what: &'static str) -> WireError {
    WireError::Price { nanos, what }
}

fn units(nanos: i64, unit: i64) -> Result<u64, WireError> {
    let positive = u64::try_from(nanos).map_err(|_| refuse(nanos, "is below zero"))?;
    let unit = unit.unsigned_abs();
    if positive % unit != 0 {
        return Err(refuse(nanos, "is no multiple of the wire's unit"));
    }
    Ok(positive / unit)
}
