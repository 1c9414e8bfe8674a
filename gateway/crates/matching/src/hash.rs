//! What must always hold, and one hash over everything that matters.

use std::collections::HashSet;

use cws_abi::Side;

use crate::engine::Engine;
use crate::types::Phase;

impl Engine {
    /// BLAKE3 over phase, counters, halts, every level and every place in a queue.
    pub fn state_hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let phase = match self.phase {
            Phase::Before => 0,
            Phase::Open => 1,
            Phase::After => 2,
        };
        for number in [phase, self.last_order, self.last_match, self.last_time_ns] {
            hasher.update(&number.to_le_bytes());
        }
        for symbol in self.symbols() {
            hasher.update(&symbol.to_le_bytes());
            hasher.update(&[u8::from(self.is_halted(symbol))]);
            for side in [Side::Buy, Side::Sell] {
                hasher.update(&[side as u8]);
                for (price, level, queue) in self.levels(symbol, side) {
                    hasher.update(&price.to_le_bytes());
                    hasher.update(&level.open.to_le_bytes());
                    hasher.update(&(level.orders as u64).to_le_bytes());
                    for order in queue {
                        hasher.update(&order.number.to_le_bytes());
                        hasher.update(&order.new.participant.to_le_bytes());
                        hasher.update(&[order.new.side as u8, order.new.terms as u8]);
                        hasher.update(&order.new.quantity.to_le_bytes());
                        hasher.update(&order.open.to_le_bytes());
                    }
                }
            }
        }
        hasher.finalize()
    }

    pub fn symbols(&self) -> impl Iterator<Item = u16> + use<> {
        1..=u16::try_from(self.books.len()).expect("checked by new()")
    }

    /// The first invariant that does not hold, in words.
    pub fn check(&self) -> Result<(), String> {
        let mut seen = HashSet::new();
        for symbol in self.symbols() {
            if let (Some(bid), Some(ask)) = self.best(symbol)
                && bid >= ask
            {
                return Err(format!("symbol {symbol}: bid {bid} crosses ask {ask}"));
            }
            for side in [Side::Buy, Side::Sell] {
                self.check_side(symbol, side, &mut seen)?;
            }
        }
        if seen.len() != self.slab.len() {
            let (queued, known) = (seen.len(), self.slab.len());
            return Err(format!("{queued} orders queue, {known} are known"));
        }
        let limits = self.settings.limits;
        if seen.len() > limits.open_orders {
            return Err(format!("{} orders are open", seen.len()));
        }
        Ok(())
    }

    fn check_side(&self, symbol: u16, side: Side, seen: &mut HashSet<u64>) -> Result<(), String> {
        for (price, level, queue) in self.levels(symbol, side) {
            let (mut open, mut orders) = (0, 0);
            for order in queue {
                let new = &order.new;
                let fits = order.open > 0
                    && order.open <= new.quantity
                    && new.price == price
                    && new.symbol == symbol
                    && (new.side == Side::Buy) == (side == Side::Buy)
                    && self.order(order.number) == Some(order);
                if !fits || !seen.insert(order.number) {
                    return Err(format!("order {} is in a wrong place", order.number));
                }
                open += order.open;
                orders += 1;
            }
            if (open, orders) != (level.open, level.orders) || orders == 0 {
                return Err(format!("symbol {symbol} level {price}: {level:?} is wrong"));
            }
        }
        Ok(())
    }
}
