//! Why the hot loop could not start, run, or take a parent.

use cws_abi::RingError;

use crate::hot_abi::{HotParent, Style};

#[derive(Debug)]
pub enum HotError {
    /// A setting is out of range, or the memory is not there.
    Config,
    Ring(RingError),
    /// All slots for parents are taken.
    ParentsFull,
    /// `what` names the field.
    Parent(&'static str),
    /// The system call's error number.
    System(i32),
}

impl std::fmt::Display for HotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Config => write!(
                f,
                "CWS-HOT-001 a setting is out of range or the memory is not there; see HotConfig"
            ),
            Self::Ring(error) => write!(f, "{error}"),
            Self::ParentsFull => write!(
                f,
                "CWS-HOT-002 all slots for parents are taken; wait until one has ended, or raise HotConfig.parents and start anew"
            ),
            Self::Parent(what) => write!(
                f,
                "CWS-HOT-003 parent order: {what}; correct it and hand it over again"
            ),
            Self::System(errno) => write!(
                f,
                "CWS-HOT-004 {}; check the sockets and the core",
                std::io::Error::from_raw_os_error(*errno)
            ),
        }
    }
}

impl std::error::Error for HotError {}

/// The greatest number of shares that the hot loop computes with: products with prices stay inside 128 bits by far.
const QUANTITY_MAX: i64 = 1 << 40;
const PRICE_MAX: i64 = 200_000_000_000_000;

/// The first field that the hot loop could not compute with.
pub(crate) fn check(parent: &HotParent, symbols: u32) -> Result<(), &'static str> {
    let distances = [parent.half_spread, parent.skew, parent.requote];
    let whole = |price: i64| price % 100_000 == 0;
    let faults = [
        (parent.parent_id == 0, "parent_id is 0"),
        (!(1..=QUANTITY_MAX).contains(&parent.quantity), "quantity"),
        (
            !(1..=parent.quantity).contains(&parent.slice_quantity),
            "slice_quantity is not in 1..=quantity",
        ),
        (
            !(0..=PRICE_MAX).contains(&parent.limit_price) || !whole(parent.limit_price),
            "limit_price",
        ),
        (
            parent.start_ns >= parent.end_ns,
            "start_ns is not before end_ns",
        ),
        (
            !(1..=PRICE_MAX).contains(&parent.tick) || !whole(parent.tick),
            "tick is no multiple of 1e-4",
        ),
        (
            distances.iter().any(|d| !(0..=PRICE_MAX).contains(d)),
            "half_spread, skew or requote",
        ),
        (
            !(1..=symbols).contains(&u32::from(parent.symbol)),
            "symbol is no locate of the book",
        ),
        (!(1..=3).contains(&parent.style), "style"),
        (
            parent.style != Style::Quote as u8 && !(1..=3).contains(&parent.side),
            "side",
        ),
        (
            parent
                .filled
                .unsigned_abs()
                .max(parent.position.unsigned_abs())
                > QUANTITY_MAX as u64,
            "filled or position",
        ),
        (
            parent.adopted.iter().any(|order| {
                order.order_id != 0
                    && !((1..=3).contains(&order.side)
                        && (0..=QUANTITY_MAX).contains(&order.leaves)
                        && (0..=QUANTITY_MAX).contains(&order.traded))
            }),
            "an adopted order",
        ),
        (parent.passive > 1, "passive"),
        (parent.activity > 3, "activity"),
    ];
    faults
        .iter()
        .find(|(fault, _)| *fault)
        .map_or(Ok(()), |(_, what)| Err(*what))
}
