//! Positions, open shares and money, by symbol, by strategy and for the firm; sums are kept, never searched for.

use cws_abi::Side;

use crate::numbers::Numbered;
use crate::order::Order;

const ONE: i64 = 1_000_000_000;

/// Price times quantity as money of the account: `unit` (1e-9) of the instrument are in one unit of the wire. Saturates.
pub fn money(price_times_quantity: i128, unit: i64) -> i128 {
    if unit == ONE {
        return price_times_quantity;
    }
    price_times_quantity.saturating_mul(i128::from(unit)) / i128::from(ONE)
}

/// The firm in one symbol. Shares, and money in 1e-9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolBook {
    pub position: i64,
    pub open_buy: i64,
    /// Short sales included.
    pub open_sell: i64,
    pub open_short: i64,
    /// Shares traded today.
    pub volume: i64,
    /// Shares sold short today.
    pub shorted: i64,
    /// The price that positions are valued at: the signed reference or our last trade, whichever is newer.
    pub mark: i64,
    pub mark_ns: u64,
    pub last_fill: i64,
    /// As the limits have it, 1e-9; a whole one until they say so.
    unit: i64,
    counted: Totals,
    strategies: Vec<u16>,
}

/// Money at stake, 1e-9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub gross: i128,
    pub net: i128,
    /// Every open order filled on the worse side.
    pub worst: i128,
}

/// A strategy in one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    pub position: i64,
    pub open_buy: i64,
    pub open_sell: i64,
    /// Prices times shares, in less out, since the day began.
    cash: i128,
    /// Price times shares of the position when the day began.
    base: i128,
    /// Money.
    pub pnl: i128,
}

#[derive(Debug, Default)]
pub struct Exposure {
    pub symbols: Numbered<u16, SymbolBook>,
    pub holdings: Numbered<(u16, u16), Holding>,
    pub totals: Totals,
    pub strategy_pnl: Numbered<u16, i128>,
    pub firm_pnl: i128,
}

impl Default for SymbolBook {
    fn default() -> Self {
        Self {
            position: 0,
            open_buy: 0,
            open_sell: 0,
            open_short: 0,
            volume: 0,
            shorted: 0,
            mark: 0,
            mark_ns: 0,
            last_fill: 0,
            unit: ONE,
            counted: Totals::default(),
            strategies: Vec::new(),
        }
    }
}

impl SymbolBook {
    /// What the firm would have at stake with `bought` and `sold` more shares traded and `open_*` more open.
    pub fn totals_with(&self, position: i64, open_buy: i64, open_sell: i64, mark: i64) -> Totals {
        let mark = money(i128::from(mark), self.unit);
        let held = i128::from(self.position) + i128::from(position);
        let long = held + i128::from(self.open_buy) + i128::from(open_buy);
        let short = held - i128::from(self.open_sell) - i128::from(open_sell);
        Totals {
            gross: held.abs() * mark,
            net: held * mark,
            worst: long.abs().max(short.abs()) * mark,
        }
    }
}

impl Exposure {
    /// `change` more (or fewer) shares of an order count as open.
    pub fn open(&mut self, order: &Order, change: i64) {
        if change == 0 {
            return;
        }
        let symbol = self.symbols.entry(order.symbol).or_default();
        let holding = self
            .holdings
            .entry((order.strategy, order.symbol))
            .or_default();
        if order.side == Side::Buy {
            symbol.open_buy += change;
            holding.open_buy += change;
        } else {
            symbol.open_sell += change;
            holding.open_sell += change;
        }
        if order.side == Side::SellShort {
            symbol.open_short += change;
        }
        self.recount(order.symbol);
    }

    pub fn trade(&mut self, order: &Order, quantity: i64, price: i64, utc_ns: u64) {
        let symbol = self.symbols.entry(order.symbol).or_default();
        symbol.volume += quantity;
        if order.side == Side::SellShort {
            symbol.shorted += quantity;
        }
        (symbol.last_fill, symbol.mark, symbol.mark_ns) = (price, price, utc_ns);
        self.book(order, quantity, price);
    }

    /// The opposite of [`Exposure::trade`]; the mark stays.
    pub fn take_back(&mut self, order: &Order, quantity: i64, price: i64) {
        self.book(order, -quantity, price);
    }

    /// The trade was at another price. Where it was the last, it is what positions are valued at.
    pub fn correct(&mut self, order: &Order, quantity: i64, before: i64, price: i64) {
        if let Some(symbol) = self.symbols.get_mut(&order.symbol)
            && symbol.last_fill == before
            && symbol.mark == before
        {
            (symbol.last_fill, symbol.mark) = (price, price);
        }
        self.book(order, -quantity, before);
        self.book(order, quantity, price);
    }

    fn book(&mut self, order: &Order, quantity: i64, price: i64) {
        let signed = order.sign() * quantity;
        let symbol = self.symbols.entry(order.symbol).or_default();
        symbol.position += signed;
        if !symbol.strategies.contains(&order.strategy) {
            symbol.strategies.push(order.strategy);
        }
        let holding = self
            .holdings
            .entry((order.strategy, order.symbol))
            .or_default();
        holding.position += signed;
        holding.cash -= i128::from(signed) * i128::from(price);
        self.recount(order.symbol);
        self.revalue(order.symbol);
    }

    /// A reference price of the limits, if it is newer than what we have. True where that is news.
    pub fn set_mark(&mut self, symbol_no: u16, mark: i64, utc_ns: u64) -> bool {
        let symbol = self.symbols.entry(symbol_no).or_default();
        if utc_ns < symbol.mark_ns || (symbol.mark, symbol.mark_ns) == (mark, utc_ns) {
            return false;
        }
        (symbol.mark, symbol.mark_ns) = (mark, utc_ns);
        self.recount(symbol_no);
        self.revalue(symbol_no);
        true
    }

    /// The limits say what a unit of the wire is; what was traded and is open is worth what it is by the newest word.
    pub fn set_unit(&mut self, symbol_no: u16, unit: i64) {
        let symbol = self.symbols.entry(symbol_no).or_default();
        if std::mem::replace(&mut symbol.unit, unit) != unit {
            self.recount(symbol_no);
            self.revalue(symbol_no);
        }
    }

    fn recount(&mut self, symbol_no: u16) {
        let Some(symbol) = self.symbols.get_mut(&symbol_no) else {
            return;
        };
        let now = symbol.totals_with(0, 0, 0, symbol.mark);
        let before = std::mem::replace(&mut symbol.counted, now);
        self.totals.gross += now.gross - before.gross;
        self.totals.net += now.net - before.net;
        self.totals.worst += now.worst - before.worst;
    }

    fn revalue(&mut self, symbol_no: u16) {
        let Some(symbol) = self.symbols.get(&symbol_no) else {
            return;
        };
        for strategy in &symbol.strategies {
            let Some(holding) = self.holdings.get_mut(&(*strategy, symbol_no)) else {
                continue;
            };
            let worth = i128::from(holding.position) * i128::from(symbol.mark);
            let pnl = money(holding.cash + worth - holding.base, symbol.unit);
            let change = pnl - holding.pnl;
            holding.pnl = pnl;
            *self.strategy_pnl.entry(*strategy).or_default() += change;
            self.firm_pnl += change;
        }
    }

    /// The sums as they are, and with one order more: gross and net as if it had traded, `worst` as if it were open. Both
    /// value its symbol at the higher of mark and order price, since a price that an order asks makes no position larger.
    /// `held` is the firm in the order's symbol.
    pub fn totals_with(
        &self,
        held: Option<&SymbolBook>,
        order: &Order,
        shares: i64,
    ) -> [Totals; 2] {
        let empty = SymbolBook::default();
        let symbol = held.unwrap_or(&empty);
        let mark = symbol.mark.max(order.price);
        let signed = order.sign() * shares;
        let (buy, sell) = if order.side == Side::Buy {
            (shares, 0)
        } else {
            (0, shares)
        };
        let traded = symbol.totals_with(signed, 0, 0, mark);
        let open = symbol.totals_with(0, buy, sell, mark);
        let with = Totals {
            worst: open.worst,
            ..traded
        };
        [symbol.totals_with(0, 0, 0, mark), with].map(|own| Totals {
            gross: self.totals.gross - symbol.counted.gross + own.gross,
            net: self.totals.net - symbol.counted.net + own.net,
            worst: self.totals.worst - symbol.counted.worst + own.worst,
        })
    }

    /// A new day: what was made is made.
    pub fn roll(&mut self) {
        for symbol in self.symbols.values_mut() {
            symbol.volume = 0;
            symbol.shorted = 0;
        }
        for ((_, symbol), holding) in &mut self.holdings {
            let mark = self.symbols.get(symbol).map_or(0, |book| book.mark);
            holding.base = i128::from(holding.position) * i128::from(mark);
            holding.cash = 0;
            holding.pnl = 0;
        }
        self.strategy_pnl.clear();
        self.firm_pnl = 0;
    }
}
