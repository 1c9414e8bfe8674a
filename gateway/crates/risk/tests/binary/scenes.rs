//! What many tests begin with.

use cws_abi::{ExecKind, IntentKind, OrderIntent, Side};
use cws_wire::ouch42::EnterOrder;

use crate::common::{PRICE, id, intent, order};
use crate::desk::Desk;
use crate::venue::Venue;

impl Desk {
    /// Asks for the end of an order.
    pub fn cancel(&mut self, counter: u64, of: u64) {
        self.push_intent(OrderIntent {
            orig_order_id: id(of).bits(),
            kind: IntentKind::Cancel as u8,
            quantity: 0,
            ..intent(0, &order(counter, Side::Buy, 1, PRICE))
        });
    }

    /// An open order of `quantity`, accepted by the venue.
    pub fn rest(&mut self, venue: &mut Venue, counter: u64, quantity: i64) -> EnterOrder {
        self.push(&order(counter, Side::Buy, quantity, PRICE));
        let enter = venue.enter();
        venue.accepted(&enter);
        while self.execution().kind != ExecKind::Accepted as u8 {}
        enter
    }
}
