//! Requests as lines on stdin, events as lines on stdout: so that an oracle in another language can be held against the
//! engine. `cws-match-lines aggressor|resting SYMBOLS TICK` starts an open day.
//!
//! `N participant symbol B|S|T day|ioc|post|market price quantity`, `C participant order keep`,
//! `R participant order price quantity`, `H symbol`, `U symbol`, `E`, and `?` for `check` and the state hash.

use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;

use cws_abi::{Side, Terms};
use cws_matching::{Engine, Event, Limits, NewOrder, Phase, Request, SelfMatch, Settings};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("CWS-MATCH-001: {what}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut engine = Engine::new(settings(std::env::args().skip(1).collect())?);
    let mut events = Vec::new();
    engine.apply(0, Request::StartOfDay, &mut events);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| error.to_string())?;
        events.clear();
        let written = if line == "?" {
            engine.check()?;
            writeln!(out, "state {}", engine.state_hash())
        } else {
            let request = parse(&line).ok_or(format!("line {}: {line}", number + 1))?;
            engine.apply(number as u64, request, &mut events);
            events
                .iter()
                .try_for_each(|event| writeln!(out, "{}", text(event)))
                .and_then(|()| writeln!(out, "."))
        };
        written.map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())
}

fn settings(words: Vec<String>) -> Result<Settings, String> {
    let [rule, symbols, tick] = words.as_slice() else {
        return Err("say aggressor|resting SYMBOLS TICK".into());
    };
    let symbols: u16 = symbols.parse().map_err(|_| "SYMBOLS is a number")?;
    let tick: i64 = tick.parse().map_err(|_| "TICK is a number")?;
    Ok(Settings {
        self_match: match rule.as_str() {
            "resting" => SelfMatch::CancelResting,
            _ => SelfMatch::CancelAggressor,
        },
        limits: Limits::default(),
        ticks: vec![tick.max(1); usize::from(symbols)],
    })
}

fn parse(line: &str) -> Option<Request> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    Some(match words.as_slice() {
        ["N", participant, symbol, side, terms, price, quantity] => Request::New(NewOrder {
            participant: participant.parse().ok()?,
            symbol: symbol.parse().ok()?,
            side: match *side {
                "B" => Side::Buy,
                "S" => Side::Sell,
                "T" => Side::SellShort,
                _ => return None,
            },
            terms: match *terms {
                "day" => Terms::LimitDay,
                "ioc" => Terms::LimitIoc,
                "post" => Terms::PostOnly,
                "market" => Terms::MarketIoc,
                _ => return None,
            },
            price: price.parse().ok()?,
            quantity: quantity.parse().ok()?,
        }),
        ["C", participant, order, keep] => Request::Cancel {
            participant: participant.parse().ok()?,
            order: order.parse().ok()?,
            keep: keep.parse().ok()?,
        },
        ["R", participant, order, price, quantity] => Request::Replace {
            participant: participant.parse().ok()?,
            order: order.parse().ok()?,
            price: price.parse().ok()?,
            quantity: quantity.parse().ok()?,
        },
        ["H", symbol] => Request::Halt {
            symbol: symbol.parse().ok()?,
        },
        ["U", symbol] => Request::Resume {
            symbol: symbol.parse().ok()?,
        },
        ["E"] => Request::EndOfDay,
        _ => return None,
    })
}

fn text(event: &Event) -> String {
    match event {
        Event::Accepted(e) => format!("accepted {}", e.order),
        Event::Rested(e) => format!("rested {} {} {}", e.order, e.price, e.open),
        Event::Executed(e) => format!(
            "executed {} {} {} {} {}",
            e.match_number, e.aggressor, e.resting, e.price, e.quantity
        ),
        Event::Canceled(e) => format!(
            "canceled {} {} {} {}",
            e.order, e.quantity, e.open, e.reason as u8 as char
        ),
        Event::Replaced(e) => format!(
            "replaced {} {} {} {}",
            e.old, e.order, e.new.price, e.new.quantity
        ),
        Event::Rejected(e) => format!("rejected {}", e.reason as u8 as char),
        Event::Halted { symbol } => format!("halted {symbol}"),
        Event::Resumed { symbol } => format!("resumed {symbol}"),
        Event::Phase(Phase::After) => "closed".into(),
        Event::Phase(_) => "open".into(),
    }
}
