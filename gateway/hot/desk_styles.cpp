// What each style of parent wants, given the touch and the time.
#include "desk.hpp"

namespace cws {

namespace {

struct Due {
    i64 shares;   // that should have been traded or be on their way by now
    u64 next_ns;  // when that grows
};

// quantity / slice_quantity slices, evenly over [start, end), the first at start. `now` lies inside.
Due schedule(const HotParent& set, u64 now) {
    const i64 slices = (set.quantity + set.slice_quantity - 1) / set.slice_quantity;
    const u64 span = set.end_ns - set.start_ns;
    const i128 passed = i128{now - set.start_ns} * slices / span;
    const i64 begun = static_cast<i64>(passed) + 1;
    const i128 shares = i128{begun} * set.slice_quantity;
    const u64 next = set.start_ns + static_cast<u64>((i128{begun} * span + slices - 1) / slices);
    return {shares < set.quantity ? static_cast<i64>(shares) : set.quantity, next};
}

i64 down(i64 price, i64 tick) { return price >= 0 ? price / tick * tick : 0; }
i64 up(i64 price, i64 tick) { return price >= 0 ? (price + tick - 1) / tick * tick : 0; }
i64 lesser(i64 a, i64 b) { return a < b ? a : b; }
i64 greater(i64 a, i64 b) { return a > b ? a : b; }
bool buys(const HotParent& set) { return set.side == BUY; }

// Whether an order of this side would trade with our own of the other side, where that stands or is about to.
bool meets(const Work& other, u8 side, i64 price) {
    if (other.state == FREE) return false;
    const bool moving = other.next_id != 0 && other.state != CANCELING;
    if (side == BUY) return price >= other.price || (moving && price >= other.next_price);
    return price <= other.price || (moving && price <= other.next_price);
}

}  // namespace

void Desk::look(Parent& parent, Now& now) {
    if (!parent.present) return;
    const HotParent& set = parent.set;
    due_of(parent) = NEVER;
    const bool over = set.activity != WORKING || now.broken || now.event_ns >= set.end_ns;
    if (over) return pull(parent, now);
    due_of(parent) = set.end_ns;
    if (now.event_ns < set.start_ns) {
        due_of(parent) = set.start_ns;
        return;
    }
    if (book_->symbol(set.symbol).state != 'T' || book_->system_state() != 'Q') return;
    now.touch.bid = i64{book_->touch(set.symbol, BID)} * WIRE_PRICE_UNIT;
    now.touch.ask = i64{book_->touch(set.symbol, ASK)} * WIRE_PRICE_UNIT;
    const bool crossed = now.touch.bid != 0 && now.touch.ask != 0 && now.touch.bid >= now.touch.ask;
    if (crossed) return;
    switch (set.style) {
        case CHILD: return slice(parent, now);
        case PEG: return rest(parent, now, set.quantity);
        case QUOTE: return quote(parent, now);
        default: return;
    }
}

void Desk::pull(Parent& parent, const Now& now) {
    for (Work& work : parent.work) cancel(parent, work, now);
    const bool idle = parent.work[0].state == FREE && parent.work[1].state == FREE;
    if (idle && parent.set.activity == RETIRED) release(parent);
}

void Desk::slice(Parent& parent, const Now& now) {
    const HotParent& set = parent.set;
    const Due due = schedule(set, now.event_ns);
    if (due.next_ns < due_of(parent)) due_of(parent) = due.next_ns;
    if (set.passive != 0) return rest(parent, now, due.shares);
    Work& work = parent.work[0];
    const i64 wanted = lesser(due.shares - parent.filled, set.slice_quantity);
    if (work.state != FREE || wanted <= 0) return;
    const i64 price = buys(set) ? now.touch.ask : now.touch.bid;
    if (price == 0) return;
    const bool worse = buys(set) ? price > set.limit_price : price < set.limit_price;
    if (set.limit_price != 0 && worse) return;
    place(parent, work, now, set.side, LIMIT_IOC, price, wanted);
}

// One order at the touch of its own side, moved when the touch moves. It does not step back from a touch that it makes
// alone: ITCH does not say which order is ours.
void Desk::rest(Parent& parent, const Now& now, i64 target) {
    const HotParent& set = parent.set;
    Work& work = parent.work[0];
    i64 price = buys(set) ? now.touch.bid : now.touch.ask;
    if (price == 0) return;
    if (set.limit_price != 0) {
        if (buys(set) && price > set.limit_price) price = down(set.limit_price, set.tick);
        if (!buys(set) && price < set.limit_price) price = up(set.limit_price, set.tick);
    }
    if (work.state == FREE) {
        const i64 wanted = lesser(target - parent.filled, set.slice_quantity);
        if (wanted > 0) place(parent, work, now, set.side, POST_ONLY, price, wanted);
    } else if (work.state == LIVE && work.price != price) {
        move(parent, work, now, price, work.leaves);
    }
}

void Desk::quote(Parent& parent, const Now& now) {
    const HotParent& set = parent.set;
    if (now.touch.bid == 0 || now.touch.ask == 0) return pull(parent, now);
    const i128 skewed = i128{set.skew} * parent.position;
    const i128 centre = (i128{now.touch.bid} + now.touch.ask) / 2 - skewed;
    constexpr i128 PRICE_LIMIT = i128{WIRE_PRICE_MAX} * WIRE_PRICE_UNIT;
    if (centre <= 0 || centre > PRICE_LIMIT) return pull(parent, now);
    const i64 middle = static_cast<i64>(centre);
    const i64 bid = lesser(down(middle - set.half_spread, set.tick), now.touch.ask - set.tick);
    const i64 ask = greater(up(middle + set.half_spread, set.tick), greater(now.touch.bid, bid) + set.tick);
    const i64 to_buy = lesser(set.slice_quantity, set.quantity - parent.position);
    const i64 to_sell = lesser(set.slice_quantity, set.quantity + parent.position);
    // What is not held is sold short, and says so.
    const u8 sell = parent.position >= to_sell ? SELL : SELL_SHORT;
    // The side that makes way goes first: the other follows when that is done.
    quote_side(parent, 0, now, BUY, bid, to_buy);
    quote_side(parent, 1, now, sell, ask, to_sell);
}

void Desk::quote_side(Parent& parent, u32 which, const Now& now, u8 side, i64 price, i64 quantity) {
    Work& work = parent.work[which];
    if (quantity <= 0 || price <= 0) return cancel(parent, work, now);
    if (meets(parent.work[1 - which], side, price)) return;
    if (work.state == FREE) return place(parent, work, now, side, POST_ONLY, price, quantity);
    if (work.state != LIVE) return;
    // An order cannot change from long to short sale: it goes, and a new one comes.
    if (work.side != side) return cancel(parent, work, now);
    const i64 away = work.price > price ? work.price - price : price - work.price;
    if (away != 0 && away >= parent.set.requote) move(parent, work, now, price, quantity);
}

}  // namespace cws
