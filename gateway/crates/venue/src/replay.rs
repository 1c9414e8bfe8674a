//! Order flow from a file: `time_ns,symbol,action,side,price,qty,id`, one row a line, the header first.
//!
//! Actions: `add` (rests), `ioc`, `market`, `post` need side, price (decimal; empty for `market`), qty and id; `cancel` an
//! id; `reduce` an id and the qty that stays open; `replace` an id, price and the open qty; `halt` and `resume` a symbol.
//! Fields that an action does not need are empty. Times are UTC ns and do not go back; ids are the file's own.

use std::collections::HashMap;

use cws_abi::{Side, Terms};
use cws_matching::{Event, MARKET_PRICE, NewOrder, Request};
use cws_process::fault::Fault;

use crate::flow::BACKGROUND;

pub const ROWS_MAX: usize = 20_000_000;
const HEADER: &str = "time_ns,symbol,action,side,price,qty,id";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    New(Side, Terms),
    Cancel,
    Reduce,
    Replace,
    Halt,
    Resume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    time_ns: u64,
    symbol: u16,
    action: Action,
    /// 1e-9.
    price: i64,
    quantity: i64,
    id: u64,
}

/// Reads a whole file; `symbols` are the names in the order of their locates.
///
/// # Errors
/// The first line that is no row.
pub fn parse(text: &str, symbols: &[String]) -> Result<Vec<Row>, Fault> {
    let refuse = |line: usize, what: &str| {
        Fault::new(
            "CWS-VENUE-005",
            what,
            format!("line {line}"),
            format!("write {HEADER}"),
        )
    };
    let mut lines = (1..).zip(text.lines());
    if lines.next().map(|(_, line)| line.trim_end()) != Some(HEADER) {
        return Err(refuse(1, "another header"));
    }
    let locates: HashMap<&str, u16> = symbols.iter().map(String::as_str).zip(1..).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let row = row(line.trim_end(), &locates).map_err(|what| refuse(number, what))?;
        if rows.last().is_some_and(|last| last.time_ns > row.time_ns) {
            return Err(refuse(number, "time goes back"));
        }
        if rows.len() == ROWS_MAX {
            return Err(refuse(number, "more than 20,000,000 rows"));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn row(line: &str, locates: &HashMap<&str, u16>) -> Result<Row, &'static str> {
    let words: Vec<&str> = line.split(',').collect();
    let [time, symbol, action, side, price, quantity, id] = words[..] else {
        return Err("not seven fields");
    };
    let side = match side {
        "B" => Some(Side::Buy),
        "S" => Some(Side::Sell),
        "T" => Some(Side::SellShort),
        "" => None,
        _ => return Err("side is B, S, T or empty"),
    };
    let new = |terms| {
        side.map(|side| Action::New(side, terms))
            .ok_or("side is missing")
    };
    let action = match action {
        "add" => new(Terms::LimitDay)?,
        "ioc" => new(Terms::LimitIoc)?,
        "post" => new(Terms::PostOnly)?,
        "market" => new(Terms::MarketIoc)?,
        "cancel" => Action::Cancel,
        "reduce" => Action::Reduce,
        "replace" => Action::Replace,
        "halt" => Action::Halt,
        "resume" => Action::Resume,
        _ => return Err("no such action"),
    };
    let needs_price = !matches!(action, Action::New(_, Terms::MarketIoc))
        && matches!(action, Action::New(..) | Action::Replace);
    let needs_quantity = matches!(action, Action::New(..) | Action::Reduce | Action::Replace);
    let needs_id = !matches!(action, Action::Halt | Action::Resume);
    Ok(Row {
        time_ns: time.parse().map_err(|_| "time_ns is no number")?,
        symbol: *locates.get(symbol).ok_or("symbol is not traded here")?,
        action,
        price: if needs_price {
            decimal(price)?
        } else {
            MARKET_PRICE
        },
        quantity: if needs_quantity {
            quantity.parse().map_err(|_| "qty is no number")?
        } else {
            0
        },
        id: if needs_id {
            id.parse().map_err(|_| "id is no number")?
        } else {
            0
        },
    })
}

/// A decimal number in 1e-9, exactly.
fn decimal(text: &str) -> Result<i64, &'static str> {
    const WRONG: &str = "price is no decimal number with at most nine places";
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 9 || !digits(whole) || !digits(part) {
        return Err(WRONG);
    }
    let whole: i64 = whole.parse().map_err(|_| WRONG)?;
    let part: i64 = format!("{part:0<9}").parse().map_err(|_| WRONG)?;
    whole
        .checked_mul(1_000_000_000)
        .and_then(|nanos| nanos.checked_add(part))
        .ok_or(WRONG)
}

#[derive(Debug)]
pub struct Replay {
    rows: Vec<Row>,
    next: usize,
    /// Added to the file's times: a free-running day replays at its own pace from when it began.
    offset_ns: i128,
    orders: HashMap<u64, Known>,
    /// The file's id of each order number.
    ids: HashMap<u64, u64>,
    /// Id of the row whose events come next.
    asked: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    order: u64,
    /// Shares that OUCH's sizes count in: what the order has traded since it was entered or replaced.
    traded: i64,
}

impl Replay {
    /// `start_ns` moves the first row there; None leaves the file's times.
    pub fn new(rows: Vec<Row>, start_ns: Option<u64>) -> Self {
        let first = rows.first().map_or(0, |row| row.time_ns);
        Self {
            offset_ns: start_ns.map_or(0, |start| i128::from(start) - i128::from(first)),
            rows,
            next: 0,
            orders: HashMap::new(),
            ids: HashMap::new(),
            asked: 0,
        }
    }

    pub fn next_ns(&self) -> Option<u64> {
        let row = self.rows.get(self.next)?;
        u64::try_from(i128::from(row.time_ns) + self.offset_ns).ok()
    }

    pub fn step(&mut self, _now_ns: u64) -> Vec<Request> {
        let Some(row) = self.rows.get(self.next).copied() else {
            return Vec::new();
        };
        self.next += 1;
        self.asked = row.id;
        let participant = BACKGROUND;
        let known = self.orders.get(&row.id).copied().unwrap_or(Known {
            order: 0,
            traded: 0,
        });
        let (order, symbol) = (known.order, row.symbol);
        let size = row.quantity.saturating_add(known.traded);
        vec![match row.action {
            Action::New(side, terms) => Request::New(NewOrder {
                participant,
                symbol,
                side,
                terms,
                price: row.price,
                quantity: row.quantity,
            }),
            Action::Cancel => Request::Cancel {
                participant,
                order,
                keep: 0,
            },
            Action::Reduce => Request::Cancel {
                participant,
                order,
                keep: size,
            },
            Action::Replace => {
                let (price, quantity) = (row.price, size);
                Request::Replace {
                    participant,
                    order,
                    price,
                    quantity,
                }
            }
            Action::Halt => Request::Halt { symbol },
            Action::Resume => Request::Resume { symbol },
        }]
    }

    pub fn observe(&mut self, events: &[Event], from_flow: bool) {
        for event in events {
            match event {
                Event::Accepted(e) if from_flow => self.know(e.order),
                Event::Replaced(e) if from_flow => self.know(e.order),
                Event::Executed(e) => self.traded(e.resting, e.quantity),
                _ => {}
            }
        }
    }

    fn know(&mut self, order: u64) {
        self.orders.insert(self.asked, Known { order, traded: 0 });
        self.ids.insert(order, self.asked);
    }

    fn traded(&mut self, order: u64, quantity: i64) {
        if let Some(known) = self.ids.get(&order).and_then(|id| self.orders.get_mut(id)) {
            known.traded += quantity;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Result<Vec<Row>, Fault> {
        parse(&format!("{HEADER}\n{body}"), &["AAA".into(), "BBB".into()])
    }

    #[test]
    fn prices_are_exact_and_rows_need_what_their_action_needs() {
        let read =
            rows("5,BBB,add,B,100.25,300,7\n5,AAA,market,S,,10,8\n9,AAA,halt,,,,\n").expect("good");
        assert_eq!(
            (read[0].price, read[0].symbol, read[0].quantity),
            (100_250_000_000, 2, 300)
        );
        assert_eq!(read[1].action, Action::New(Side::Sell, Terms::MarketIoc));
        assert_eq!(read[2].action, Action::Halt);
        for bad in [
            "5,CCC,add,B,1,1,1",
            "5,AAA,add,,1,1,1",
            "5,AAA,add,B,1.0000000001,1,1",
            "5,AAA,add,B,,1,1",
            "5,AAA,jump,B,1,1,1",
            "5,AAA,cancel,,,,",
            "5,AAA,add,B,1,1",
            "5,AAA,add,B,99999999999,1,1",
            "5,AAA,halt,,,,\n4,AAA,resume,,,,",
        ] {
            let error = rows(bad).expect_err(bad);
            assert_eq!(error.code, "CWS-VENUE-005");
        }
        assert!(parse("nonsense", &[]).is_err());
    }
}
