//! Little-endian fields in and out of payloads.

use cws_abi::{Execution, OrderIntent};

use crate::entry::{KillScope, ParentOrder, TEXT_MAX, Trigger};

/// Takes from the front of a payload; None where it is too short or holds what its kind cannot have.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub fn get<T: Field>(&mut self) -> Option<T> {
        T::get(self)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*front)
    }
}

pub(crate) trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(from: &mut Reader<'_>) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(from: &mut Reader<'_>) -> Option<Self> {
                from.array().map(<$type>::from_le_bytes)
            }
        }
    )+};
}
integers!(u8, u16, u64, i64);

macro_rules! records {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Field for $type {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)+
            }
            fn get(from: &mut Reader<'_>) -> Option<Self> {
                Some(Self { $($field: Field::get(from)?),+ })
            }
        }
    )+};
}
records! {
    OrderIntent {
        seq, order_id, parent_id, orig_order_id, ts_recv_ns, price, quantity, symbol, strategy, kind, side, terms, version,
    }
    Execution {
        seq, order_id, parent_id, orig_order_id, exec_id, venue_seq, ts_recv_ns, ts_event_ns, price, last_qty, cum_qty,
        leaves_qty, symbol, strategy, reason, kind, side, ts_trigger_ns, reserved, reserved_2,
    }
    ParentOrder {
        parent_id, strategy_no, symbol_no, side, quantity, limit_price, slice_quantity, start_ns, end_ns, strategy, symbol,
        style, patch, data_version, ledger_id,
    }
}

impl Field for [u8; 32] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn get(from: &mut Reader<'_>) -> Option<Self> {
        from.array()
    }
}

/// Bytes beyond [`TEXT_MAX`] are cut off.
impl Field for Vec<u8> {
    fn put(&self, out: &mut Vec<u8>) {
        let bytes = &self[..self.len().min(TEXT_MAX)];
        (bytes.len() as u16).put(out);
        out.extend_from_slice(bytes);
    }
    fn get(from: &mut Reader<'_>) -> Option<Self> {
        let len = usize::from(u16::get(from)?);
        let (front, rest) = from.0.split_at_checked(len)?;
        from.0 = rest;
        Some(front.to_vec())
    }
}

/// Text beyond [`TEXT_MAX`] is cut off before the character that would pass it.
impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        let text = &self[..self.floor_char_boundary(TEXT_MAX)];
        (text.len() as u16).put(out);
        out.extend_from_slice(text.as_bytes());
    }
    fn get(from: &mut Reader<'_>) -> Option<Self> {
        String::from_utf8(Vec::get(from)?).ok()
    }
}

impl Field for KillScope {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn get(from: &mut Reader<'_>) -> Option<Self> {
        match u8::get(from)? {
            1 => Some(Self::Firm),
            2 => Some(Self::Venue),
            3 => Some(Self::Strategy),
            _ => None,
        }
    }
}

impl Field for Trigger {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn get(from: &mut Reader<'_>) -> Option<Self> {
        match u8::get(from)? {
            1 => Some(Self::OwnChecks),
            2 => Some(Self::Command),
            3 => Some(Self::DeadMan),
            _ => None,
        }
    }
}
