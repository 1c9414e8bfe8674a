//! Whatever an intent says, nothing panics, and what leaves was approved.

use cws_abi::{OrderIntent, Side};
use proptest::prelude::*;

use crate::common::{PRICE, id, intent, order};
use crate::play::Play;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_intent_panics_and_nothing_leaves_unapproved(bytes in prop::collection::vec(any::<u64>(), 12), kind in 0..5_u8) {
        let mut play = Play::new();
        let base = intent(0, &order(1, Side::Buy, 100, PRICE));
        play.push(OrderIntent {
            order_id: if bytes[0] % 2 == 0 { id(1).bits() } else { bytes[1] },
            parent_id: bytes[2] % 4,
            orig_order_id: bytes[3] % 2 * bytes[4],
            price: if bytes[5] % 2 == 0 { base.price } else { bytes[6] as i64 },
            quantity: if bytes[7] % 2 == 0 { base.quantity } else { bytes[8] as i64 },
            symbol: (bytes[9] % 3) as u16,
            strategy: (bytes[10] % 3) as u16,
            kind,
            side: (bytes[11] % 5) as u8,
            terms: (bytes[11] / 8 % 6) as u8,
            ..base
        });
        let orders = play.sent_orders().len() as u64;
        prop_assert_eq!(orders, play.core.counters.approved);
        prop_assert_eq!(play.executions.len() as u64, 1 - orders);
    }
}
