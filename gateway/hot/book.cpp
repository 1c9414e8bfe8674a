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
    const u64 sides = (u64{limits.symbols} + 1) * 2;
    // A level has an order at least, so there are never more levels than orders.
    const bool mapped = order_memory_.map(u64{places} * sizeof(Order)) &&
                        level_memory_.map(u64{limits.orders} * sizeof(Level)) &&
                        entry_memory_.map(sides * limits.levels_per_side * sizeof(Entry)) &&
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
    if (type != itch::TradingAction::type && !itch::about_order(message, length)) return IGNORED;
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
    const u32 place = find(reference);
    if (orders_[place].reference != 0) return DUPLICATE_ORDER;
    if (live_ == limits_.orders) return ORDERS_FULL;
    const u32 side_index = letter == 'B' ? BID : ASK;
    const u32 owner = u32{itch::locate(message)} * 2 + side_index;
    const u32 key = key_of(side_index, price);
    const u32 level = level_for(owner, key);
    if (level == NONE) return LEVELS_FULL;
    orders_[place].level = level;
    append(place, reference, shares, owner, key);
    return APPLIED;
}

Code Book::reduce(const u8* message, u32 shares) {
    const u32 place = find(itch::reference(message));
    Order& order = orders_[place];
    if (order.reference == 0) return UNKNOWN_ORDER;
    if (order.owner >> 1 != itch::locate(message)) return WRONG_SYMBOL;
    if (shares == 0) return BAD_SHARES;
    if (shares > order.shares) return TOO_MANY_SHARES;
    if (shares == order.shares) {
        unlink(place);
        vacate(place);
        return APPLIED;
    }
    order.shares -= shares;
    levels_[order.level].shares -= shares;
    return APPLIED;
}

Code Book::remove(const u8* message) {
    const u32 place = find(itch::reference(message));
    const Order& order = orders_[place];
    if (order.reference == 0) return UNKNOWN_ORDER;
    if (order.owner >> 1 != itch::locate(message)) return WRONG_SYMBOL;
    unlink(place);
    vacate(place);
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
    const Order old = orders_[place];
    if (old.reference == 0) return UNKNOWN_ORDER;
    if (old.owner >> 1 != itch::locate(message)) return WRONG_SYMBOL;
    if (orders_[find(reference)].reference != 0) return DUPLICATE_ORDER;
    const u32 key = key_of(old.owner & 1, price);
    const Symbol& symbol = symbols_[old.owner >> 1];
    if (levels_[old.level].orders > 1 && symbol.levels[old.owner & 1] == limits_.levels_per_side) {
        const u32 at = position(old.owner, key);
        if (at == 0 || side(old.owner)[at - 1].key != key) return LEVELS_FULL;
    }
    unlink(place);
    vacate(place);
    const u32 fresh = find(reference);
    orders_[fresh].level = level_for(old.owner, key);
    append(fresh, reference, shares, old.owner, key);
    return APPLIED;
}

// The place of the order, or the empty place where it would go. Ends: the table is never more than half full.
u32 Book::find(u64 reference) const {
    // An empty place has reference 0, and an order 0 is never added: asking for it finds an empty place.
    u32 place = home(reference);
    while (orders_[place].reference != reference && orders_[place].reference != 0) place = (place + 1) & mask_;
    return place;
}

// How many levels of the side have a key up to this one: its own, if there, is the last of them.
u32 Book::position(u32 owner, u32 key) const {
    constexpr u32 NEAR = 8;
    const Entry* entries = side(owner);
    u32 at = symbols_[owner >> 1].levels[owner & 1];
    const u32 near_end = at > NEAR ? at - NEAR : 0;
    while (at > near_end && entries[at - 1].key > key) --at;
    if (at > near_end) return at;
    u32 low = 0;
    while (low < at) {
        const u32 middle = (low + at) / 2;
        if (entries[middle].key > key) at = middle; else low = middle + 1;
    }
    return at;
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
        free_level_ = levels_[level].next_free;
    } else {
        level = used_levels_++;
    }
    levels_[level] = Level{0, NONE, NONE, 0, NONE};
    std::memmove(entries + at + 1, entries + at, (count - at) * sizeof(Entry));
    entries[at] = Entry{level, key};
    ++count;
    symbol.best_key[owner & 1] = entries[count - 1].key;
    return level;
}

void Book::drop_level(u32 owner, u32 key) {
    Entry* entries = side(owner);
    Symbol& symbol = symbols_[owner >> 1];
    u32& count = symbol.levels[owner & 1];
    const u32 at = position(owner, key);
    const u32 level = entries[at - 1].level;
    levels_[level].next_free = free_level_;
    free_level_ = level;
    std::memmove(entries + at - 1, entries + at, (count - at) * sizeof(Entry));
    --count;
    if (count != 0) symbol.best_key[owner & 1] = entries[count - 1].key;
}

void Book::append(u32 place, u64 reference, u32 shares, u32 owner, u32 key) {
    Order& order = orders_[place];
    Level& level = levels_[order.level];
    order.reference = reference;
    order.shares = shares;
    order.prev = level.tail;
    order.next = NONE;
    order.owner = owner;
    order.key = key;
    if (level.tail == NONE) level.head = place; else orders_[level.tail].next = place;
    level.tail = place;
    level.shares += shares;
    ++level.orders;
    ++live_;
}

void Book::unlink(u32 place) {
    const Order& order = orders_[place];
    Level& level = levels_[order.level];
    --live_;
    if (level.orders == 1) return drop_level(order.owner, order.key);
    if (order.prev == NONE) level.head = order.next; else orders_[order.prev].next = order.next;
    if (order.next == NONE) level.tail = order.prev; else orders_[order.next].prev = order.prev;
    level.shares -= order.shares;
    --level.orders;
}

// Empties a place and closes the gap in its run, so that a probe may stop at an empty place.
void Book::vacate(u32 place) {
    u32 hole = place;
    for (u32 at = (place + 1) & mask_; orders_[at].reference != 0; at = (at + 1) & mask_) {
        const u32 wanted = home(orders_[at].reference);
        if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
        orders_[hole] = orders_[at];
        relink(hole);
        hole = at;
    }
    orders_[hole].reference = 0;
}

void Book::relink(u32 place) {
    const Order& order = orders_[place];
    if (order.prev == NONE) levels_[order.level].head = place; else orders_[order.prev].next = place;
    if (order.next == NONE) levels_[order.level].tail = place; else orders_[order.next].prev = place;
}

u64 Book::touch_shares(u32 locate, u32 side_index) const {
    const u32 count = symbols_[locate].levels[side_index];
    return count == 0 ? 0 : levels_[side(locate * 2 + side_index)[count - 1].level].shares;
}

}  // namespace cws
