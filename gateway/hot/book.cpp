#include "book.hpp"

#include <bit>
#include <cstring>

#include "itch.hpp"

namespace cws {

bool Book::open(const BookLimits& limits) {
    constexpr u32 ORDERS_MAX = 1U << 27, LEVELS_MAX = 1U << 16, SYMBOLS_MAX = 0xFFFF;
    if (limits.orders == 0 || limits.orders > ORDERS_MAX || limits.levels_per_side == 0 ||
        limits.levels_per_side > LEVELS_MAX || limits.symbols == 0 || limits.symbols > SYMBOLS_MAX) {
        return false;
    }
    limits_ = limits;
    // Half empty at the limit, so that a probe ends soon.
    const u32 places = std::bit_ceil(limits.orders * 2 < 4 ? 4 : limits.orders * 2);
    mask_ = places - 1;
    shift_ = 64 - static_cast<u32>(std::countr_zero(places)) + 1;
    // An odd number of cache lines to a side: the good ends of many sides then spread over all sets of the cache.
    constexpr u32 LINE = 64 / sizeof(Entry);
    stride_ = ((limits.levels_per_side + LINE - 1) / LINE | 1) * LINE;
    const u64 sides = (u64{limits.symbols} + 1) * 2;
    // A level has an order at least, so there are never more levels than orders.
    const bool mapped = order_memory_.map(u64{places} * sizeof(Order)) &&
                        level_memory_.map(u64{limits.orders} * sizeof(Level)) &&
                        entry_memory_.map(sides * stride_ * sizeof(Entry)) &&
                        symbol_memory_.map(sides / 2 * sizeof(Symbol));
    if (!mapped) return false;
    orders_ = order_memory_.as<Order>();
    levels_ = level_memory_.as<Level>();
    entries_ = entry_memory_.as<Entry>();
    symbols_ = symbol_memory_.as<Symbol>();
    return true;
}

Code Book::apply(const u8* message, u32 length) {
    const Code code = decide(message, length);
    bump(counters_.by_code[code]);
    return code;
}

Code Book::decide(const u8* message, u32 length) {
    if (length == 0) return BAD_LENGTH;
    const u8 type = message[0];
    const u32 expected = static_cast<u32>(itch::length_of(type));
    if (expected == 0) return IGNORED;
    if (length != expected) return BAD_LENGTH;
    if (type == itch::SystemEvent::type) return set_system(message);
    if (type != itch::TradingAction::type && itch::kinds[type] == itch::OTHER) return IGNORED;
    const u32 locate = itch::locate(message);
    if (locate == 0 || locate > limits_.symbols) return BAD_SYMBOL;
    switch (type) {
        case itch::Add::type:
        case itch::AddMpid::type: return add(message);
        case itch::Executed::type:
        case itch::ExecutedWithPrice::type: return reduce(message, itch::Executed::executed_shares(message));
        case itch::Canceled::type: return reduce(message, itch::Canceled::cancelled_shares(message));
        case itch::Deleted::type: return remove(message);
        case itch::Replaced::type: return replace(message);
        default: return set_state(message);
    }
}

Code Book::set_system(const u8* message) {
    const u8 code = itch::SystemEvent::event_code(message);
    if (code == 0 || std::strchr("OSQMEC", code) == nullptr) return BAD_STATE;
    system_state_ = code;
    return APPLIED;
}

Code Book::set_state(const u8* message) {
    const u8 state = itch::TradingAction::trading_state(message);
    if (state == 0 || std::strchr("HPQT", state) == nullptr) return BAD_STATE;
    symbols_[itch::locate(message)].state = state;
    return APPLIED;
}

Code Book::add(const u8* message) {
    const u8 letter = itch::Add::side(message);
    if (letter != 'B' && letter != 'S') return BAD_SIDE;
    const u64 reference = itch::reference(message);
    if (reference == 0) return BAD_REFERENCE;
    const u32 shares = itch::Add::shares(message);
    if (shares == 0) return BAD_SHARES;
    const u32 price = itch::Add::price(message);
    if (price == 0 || price > WIRE_PRICE_MAX) return BAD_PRICE;
    if (find(reference) != NONE) return DUPLICATE_ORDER;
    if (live_ == limits_.orders) return ORDERS_FULL;
    const u32 side_index = letter == 'B' ? BID : ASK;
    const u32 owner = u32{itch::locate(message)} * 2 + side_index;
    const u32 level = level_for(owner, key_of(side_index, price));
    if (level == NONE) return LEVELS_FULL;
    append(reference, shares, level);
    return APPLIED;
}

Code Book::reduce(const u8* message, u32 shares) {
    const u32 place = find(itch::reference(message));
    if (place == NONE) return UNKNOWN_ORDER;
    Order& order = orders_[place];
    if (order.locate != itch::locate(message)) return WRONG_SYMBOL;
    if (shares == 0) return BAD_SHARES;
    if (shares > order.shares) return TOO_MANY_SHARES;
    if (shares == order.shares) {
        take_out(place);
        return APPLIED;
    }
    order.shares -= shares;
    return APPLIED;
}

Code Book::remove(const u8* message) {
    const u32 place = find(itch::reference(message));
    if (place == NONE) return UNKNOWN_ORDER;
    if (orders_[place].locate != itch::locate(message)) return WRONG_SYMBOL;
    take_out(place);
    return APPLIED;
}

Code Book::replace(const u8* message) {
    const u64 reference = itch::Replaced::new_order_reference_number(message);
    if (reference == 0) return BAD_REFERENCE;
    const u32 shares = itch::Replaced::shares(message);
    if (shares == 0) return BAD_SHARES;
    const u32 price = itch::Replaced::price(message);
    if (price == 0 || price > WIRE_PRICE_MAX) return BAD_PRICE;
    const u32 place = find(itch::reference(message));
    if (place == NONE) return UNKNOWN_ORDER;
    if (orders_[place].locate != itch::locate(message)) return WRONG_SYMBOL;
    if (find(reference) != NONE) return DUPLICATE_ORDER;
    const Level& old = levels_[orders_[place].level];
    const u32 owner = old.owner;
    const u32 key = key_of(owner & 1, price);
    if (old.head != old.tail && symbols_[owner >> 1].levels[owner & 1] == limits_.levels_per_side) {
        const u32 at = position(owner, key);
        if (at == 0 || side(owner)[at - 1].key != key) return LEVELS_FULL;
    }
    take_out(place);
    append(reference, shares, level_for(owner, key));
    return APPLIED;
}

// The place of the order, or NONE.
u32 Book::find(u64 reference) const {
    if (reference == 0) return NONE;
    u32 place = home(reference);
    while (orders_[place].reference != reference) {
        if (orders_[place].passed == 0) return NONE;
        place = (place + 1) & mask_;
    }
    return place;
}

// An empty place for an order that is not there. Ends: the table is never more than half full.
u32 Book::settle(u64 reference) {
    u32 place = home(reference);
    while (orders_[place].reference != 0) {
        ++orders_[place].passed;
        place = (place + 1) & mask_;
    }
    return place;
}

void Book::vacate(u32 place) {
    for (u32 at = home(orders_[place].reference); at != place; at = (at + 1) & mask_) --orders_[at].passed;
    orders_[place].reference = 0;
}

// How many levels of the side have a key up to this one: its own, if there, is the last of them. The good end is looked
// at first; inside, the search halves without a branch to guess.
u32 Book::position(u32 owner, u32 key) const {
    constexpr u32 NEAR = 16;
    const Entry* entries = side(owner);
    const u32 count = symbols_[owner >> 1].levels[owner & 1];
    const bool near = count > NEAR && entries[count - NEAR].key <= key;
    u32 low = near ? count - NEAR : 0;
    u32 left = count - low;
    while (left > 1) {
        const u32 half = left / 2;
        low += (entries[low + half].key <= key) * half;
        left -= half;
    }
    return low + (left == 1 && entries[low].key <= key);
}

u32 Book::level_for(u32 owner, u32 key) {
    Entry* entries = side(owner);
    const u32 at = position(owner, key);
    if (at != 0 && entries[at - 1].key == key) return entries[at - 1].level;
    Symbol& symbol = symbols_[owner >> 1];
    u32& count = symbol.levels[owner & 1];
    if (count == limits_.levels_per_side) return NONE;
    u32 level = free_level_;
    if (level != NONE) {
        free_level_ = levels_[level].head;
    } else {
        level = used_levels_++;
    }
    levels_[level] = Level{NONE, NONE, owner, key};
    for (u32 i = count; i > at; --i) entries[i] = entries[i - 1];
    entries[at] = Entry{level, key};
    ++count;
    symbol.best_key[owner & 1] = entries[count - 1].key;
    return level;
}

void Book::drop_level(u32 level) {
    const u32 owner = levels_[level].owner;
    Entry* entries = side(owner);
    Symbol& symbol = symbols_[owner >> 1];
    u32& count = symbol.levels[owner & 1];
    const u32 at = position(owner, levels_[level].key);
    levels_[level].head = free_level_;
    free_level_ = level;
    for (u32 i = at; i < count; ++i) entries[i - 1] = entries[i];
    --count;
    if (count != 0) symbol.best_key[owner & 1] = entries[count - 1].key;
}

// To the end of the level's queue.
void Book::append(u64 reference, u32 shares, u32 level_index) {
    const u32 place = settle(reference);
    Order& order = orders_[place];
    Level& level = levels_[level_index];
    order.reference = reference;
    order.shares = shares;
    order.level = level_index;
    order.prev = level.tail;
    order.next = NONE;
    order.locate = static_cast<u16>(level.owner >> 1);
    if (level.tail == NONE) level.head = place; else orders_[level.tail].next = place;
    level.tail = place;
    ++live_;
}

void Book::take_out(u32 place) {
    const Order& order = orders_[place];
    --live_;
    if (order.prev == NONE && order.next == NONE) {
        drop_level(order.level);
        return vacate(place);
    }
    if (order.prev == NONE) levels_[order.level].head = order.next; else orders_[order.prev].next = order.next;
    if (order.next == NONE) levels_[order.level].tail = order.prev; else orders_[order.next].prev = order.prev;
    vacate(place);
}

u64 Book::touch_shares(u32 locate, u32 side_index) const {
    const u32 count = symbols_[locate].levels[side_index];
    u64 shares = 0;
    if (count == 0) return shares;
    const u32 best = side(locate * 2 + side_index)[count - 1].level;
    for (u32 at = levels_[best].head; at != NONE; at = orders_[at].next) shares += orders_[at].shares;
    return shares;
}

}  // namespace cws
