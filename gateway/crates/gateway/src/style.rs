//! How a parent is worked, in words: `child`, `child passive`, `peg`, `quote half_spread=1000000 skew=0 requote=100000`;
//! each may name its `tick=`. Prices in 1e-9. The words stand in the journals of both processes as they came.

use cws_book::hot_abi::{Activity, HotParent, Style};
use cws_journal::ParentOrder;
use cws_process::fault::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    pub style: Style,
    pub passive: bool,
    pub tick: Option<i64>,
    pub half_spread: i64,
    pub skew: i64,
    pub requote: i64,
}

/// # Errors
/// `CWS-PARENT-007`, naming the word.
pub fn manner(text: &str) -> Result<Manner, Fault> {
    let refuse = |what: String| {
        Err(Fault::new(
            "CWS-PARENT-007",
            what,
            "style",
            "say child, child passive, peg, or quote half_spread=N skew=N requote=N; tick=N may follow",
        ))
    };
    let mut words = text.split_ascii_whitespace();
    let style = match words.next() {
        Some("child") => Style::Child,
        Some("peg") => Style::Peg,
        Some("quote") => Style::Quote,
        other => return refuse(format!("{other:?} is no style")),
    };
    let mut manner = Manner {
        style,
        passive: false,
        tick: None,
        half_spread: 0,
        skew: 0,
        requote: 0,
    };
    for word in words {
        let (name, number) = word.split_once('=').unwrap_or((word, ""));
        let number: Option<i64> = number.parse().ok().filter(|number| *number >= 0);
        match (style, name, number) {
            (Style::Child, "passive", None) => manner.passive = true,
            (_, "tick", Some(number)) => manner.tick = Some(number),
            (Style::Quote, "half_spread", Some(number)) => manner.half_spread = number,
            (Style::Quote, "skew", Some(number)) => manner.skew = number,
            (Style::Quote, "requote", Some(number)) => manner.requote = number,
            _ => return refuse(format!("{word:?} means nothing to a {style:?}")),
        }
    }
    Ok(manner)
}

/// What orders of earlier lives came to, shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    pub traded: i64,
    /// Bought less sold.
    pub position: i64,
    /// Still out.
    pub exposure: i64,
}

/// What the hot thread is told of a parent. What earlier lives still hold open it must not use. A parent without an end
/// is worked until `day_end_ns`.
pub fn hot_parent(
    order: &ParentOrder,
    symbol: u16,
    earlier: Earlier,
    (tick, day_end_ns): (i64, u64),
    activity: Activity,
) -> Result<HotParent, Fault> {
    let manner = manner(&order.style)?;
    let (quantity, activity) = match order.quantity - earlier.exposure {
        ..=0 if activity == Activity::Working => (1, Activity::Off),
        ..=0 => (1, activity),
        shares => (shares, activity),
    };
    Ok(HotParent {
        parent_id: order.parent_id,
        quantity,
        slice_quantity: order.slice_quantity.min(quantity),
        limit_price: order.limit_price,
        start_ns: order.start_ns,
        end_ns: if order.end_ns == 0 {
            day_end_ns
        } else {
            order.end_ns
        },
        tick: manner.tick.unwrap_or(tick),
        half_spread: manner.half_spread,
        skew: manner.skew,
        requote: manner.requote,
        symbol,
        strategy: order.strategy_no,
        style: manner.style as u8,
        side: order.side,
        passive: u8::from(manner.passive),
        activity: activity as u8,
        filled: earlier.traded,
        position: earlier.position,
        ..HotParent::default()
    })
}
