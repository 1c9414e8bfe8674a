//! What a limits file says. Every key must be there: a limit that was forgotten is no limit that was waived.
//!
//! Prices and money are numbers in the currency's unit in the file (`nan` is a price that nobody knows) and 1e-9
//! inside; money is 128 bits wide, so that price times quantity cannot overflow.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};

use crate::numbers::Numbered;

/// A price that nobody knows; the convention of DBN.
pub const UNDEFINED: i64 = i64::MAX;
/// Most rows of a table in the file.
pub const ROWS_MAX: usize = 65_535;
const UNIT: f64 = 1e9;
/// OUCH 4.2: a price is at most $199,999.9900.
pub const PRICE_MAX: i64 = 199_999_990_000_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    valid_until_ns: u64,
    firm: Firm,
    #[serde(rename = "strategy")]
    strategies: Vec<Strategy>,
    #[serde(rename = "symbol")]
    symbols: Vec<Symbol>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firm {
    #[serde(deserialize_with = "money")]
    pub max_order_notional: i128,
    #[serde(deserialize_with = "money")]
    pub max_gross_notional: i128,
    #[serde(deserialize_with = "money")]
    pub max_net_notional: i128,
    /// Positions with every open order filled on its worse side.
    #[serde(deserialize_with = "money")]
    pub max_open_notional: i128,
    #[serde(deserialize_with = "money")]
    pub max_daily_loss: i128,
    /// From this loss on only what reduces a position passes.
    #[serde(deserialize_with = "money")]
    pub reduce_at_loss: i128,
    #[serde(deserialize_with = "money")]
    pub capital: i128,
    /// Part of the worst case that capital must cover, 1/100 %.
    pub margin_bps: u32,
    pub currencies: Vec<String>,
    pub messages_per_s: u32,
    pub message_burst: u32,
    pub max_orders_a_day: u32,
    pub max_reference_age_s: u32,
    pub max_market_data_age_ms: u32,
    /// When a trading day starts, seconds after midnight UTC.
    pub day_starts_s: u32,
    /// BLAKE3 of the gateways that may send intents; "any" allows each.
    pub gateway_builds: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// The number in intents, from 1.
    pub no: u16,
    pub name: String,
    pub enabled: bool,
    /// Patches (build hashes of the strategy) that may trade; "any" allows each.
    pub patches: Vec<String>,
    pub currency: String,
    pub phases: Vec<Phase>,
    pub max_order_quantity: i64,
    #[serde(deserialize_with = "money")]
    pub max_order_notional: i128,
    /// Shares of one symbol, long or short.
    pub max_position: i64,
    #[serde(deserialize_with = "money")]
    pub max_daily_loss: i128,
    pub messages_per_s: u32,
    pub message_burst: u32,
    /// This many refusals by the message rate within a second kill the strategy.
    pub rate_kills_at: u32,
    /// Cancels and replaces for each new order, in a minute.
    pub max_cancel_ratio: u32,
    /// As many are free of the ratio in a minute.
    pub free_cancels: u32,
    /// The same order again within this time is a duplicate.
    pub duplicate_window_ms: u32,
    /// Fills of one symbol and side within the window; one more needs a person.
    pub max_repeated_executions: u32,
    pub repeated_window_ms: u32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbol {
    /// The venue's stock locate, from 1.
    pub locate: u16,
    /// As the venue spells it, up to 8 characters.
    pub name: String,
    pub currency: String,
    #[serde(deserialize_with = "price")]
    pub tick: i64,
    pub lot: i64,
    /// Units of the instrument in one unit of the wire, 1e-9: money is price times quantity times this. 1 for a share; where a
    /// coin trades in ten-thousandths, 0.0001.
    #[serde(deserialize_with = "price")]
    pub unit: i64,
    pub max_order_quantity: i64,
    #[serde(deserialize_with = "price")]
    pub reference_price: i64,
    pub reference_ns: u64,
    /// How far a price may be from the reference, 1/100 %.
    pub collar_bps: u32,
    /// Average daily volume, shares.
    pub adv: i64,
    pub max_adv_share_bps: u32,
    /// Shares that were located for short sales today.
    pub short_locate: i64,
    pub restricted: Restricted,
    pub halted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Restricted {
    No,
    Buy,
    Sell,
    All,
}

/// Of the venue's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Before,
    Open,
    After,
}

/// A whole limits file, looked up by number.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub version: u64,
    pub valid_until_ns: u64,
    pub firm: Firm,
    pub strategies: Numbered<u16, Strategy>,
    pub symbols: Numbered<u16, Symbol>,
}

impl Limits {
    /// # Errors
    /// What is wrong, in words: a missing or unknown key, a number out of its range, a row told twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if file.version == 0 {
            return Err("version starts at 1".into());
        }
        if file.strategies.len() > ROWS_MAX || file.symbols.len() > ROWS_MAX {
            return Err(format!("more than {ROWS_MAX} rows"));
        }
        if file.firm.day_starts_s >= 86_400 {
            return Err("day_starts_s is a time of day, below 86400".into());
        }
        let strategies = by_number(file.strategies, "strategy", |row| (row.no, &row.name))?;
        let symbols = by_number(file.symbols, "symbol", |row| (row.locate, &row.name))?;
        for symbol in symbols.values() {
            symbol.check()?;
        }
        Ok(Self {
            version: file.version,
            valid_until_ns: file.valid_until_ns,
            firm: file.firm,
            strategies,
            symbols,
        })
    }

    pub fn strategy_named(&self, name: &str) -> Option<&Strategy> {
        self.strategies.values().find(|row| row.name == name)
    }
}

impl Symbol {
    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if name.is_empty() || name.len() > 8 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("symbol {name:?} is no name of 1 to 8 characters"));
        }
        if self.tick <= 0 || self.tick == UNDEFINED || self.lot <= 0 {
            return Err(format!("symbol {name}: tick and lot are above zero"));
        }
        if self.unit <= 0 || self.unit == UNDEFINED {
            return Err(format!("symbol {name}: unit is above zero"));
        }
        Ok(())
    }

    /// The worst price within the collar for whoever buys or sells, in whole ticks: where a market order must stop.
    pub fn collar_edge(&self, buys: bool) -> i64 {
        let (reference, bps) = (
            i128::from(self.reference_price),
            i128::from(self.collar_bps),
        );
        let tick = i128::from(self.tick);
        let edge = if buys {
            (reference * (10_000 + bps) / 10_000).min(i128::from(PRICE_MAX)) / tick * tick
        } else {
            let lowest = reference * (10_000 - bps) / 10_000;
            (lowest + tick - 1).min(i128::from(PRICE_MAX)).max(tick) / tick * tick
        };
        i64::try_from(edge).expect("at most the wire's highest price, or one tick")
    }

    /// The reference, where there is one that is not too old and not from the future.
    pub fn usable_reference(&self, utc_ns: u64, max_age_s: u32) -> Option<i64> {
        let age = utc_ns.checked_sub(self.reference_ns)?;
        let usable = self.reference_price > 0
            && self.reference_price != UNDEFINED
            && age <= u64::from(max_age_s) * 1_000_000_000;
        usable.then_some(self.reference_price)
    }
}

fn by_number<T>(
    rows: Vec<T>,
    table: &str,
    key: impl Fn(&T) -> (u16, &String),
) -> Result<Numbered<u16, T>, String> {
    let mut names = HashSet::new();
    if let Some(row) = rows.iter().find(|row| !names.insert(key(row).1)) {
        return Err(format!("{table} {:?}: a name comes once", key(row).1));
    }
    let mut map = Numbered::with_capacity_and_hasher(rows.len(), Default::default());
    for row in rows {
        let (number, _) = key(&row);
        if number == 0 || map.insert(number, row).is_some() {
            return Err(format!(
                "{table} {number}: numbers start at 1 and come once"
            ));
        }
    }
    Ok(map)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Real(f64),
}

/// Money is finite and not below zero.
fn money<'de, D: Deserializer<'de>>(from: D) -> Result<i128, D::Error> {
    let units = match Number::deserialize(from)? {
        Number::Whole(units) => i128::from(units) * 1_000_000_000,
        Number::Real(units) if units.is_finite() && units < 1e18 => (units * UNIT).round() as i128,
        Number::Real(units) => {
            return Err(serde::de::Error::custom(format!("{units} is no money")));
        }
    };
    if units < 0 {
        return Err(serde::de::Error::custom("a limit below zero"));
    }
    Ok(units)
}

/// A price that is none, or that 64 bits cannot say, is [`UNDEFINED`]; the checks refuse it.
fn price<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let nanos = match Number::deserialize(from)? {
        Number::Whole(units) => units as f64 * UNIT,
        Number::Real(units) => units * UNIT,
    };
    let sayable = nanos.is_finite() && nanos.abs() < 9e18;
    Ok(if sayable {
        nanos.round() as i64
    } else {
        UNDEFINED
    })
}
