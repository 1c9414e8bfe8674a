// Looking ahead: where a later message will need memory, it is asked for while earlier ones are applied.
#include <cws_wire/mold_udp64.hpp>

#include "book.hpp"
#include "itch.hpp"

namespace cws {

namespace {

// How many messages ahead each stage runs: what it reads was asked for by the stage before.
constexpr u32 FIRST = 20;   // the order's place and the symbol's header
constexpr u32 SECOND = 13;  // the order's level and neighbours, the good end of the side
constexpr u32 THIRD = 8;    // the level that an order will join
constexpr u32 FOURTH = 4;   // the last order of that level

void fetch(const void* address) { __builtin_prefetch(address, 1, 3); }

// Steps over one block; null where no whole block is left.
using Head = cws_wire::mold_udp64::BlockHeader;
struct Blocks {
    const u8* at;
    const u8* end;

    const u8* next(u32& length) {
        constexpr i64 HEAD = Head::length;
        if (end - at < HEAD) return nullptr;
        length = Head::message_length(at);
        if (end - at - HEAD < static_cast<i64>(length)) return nullptr;
        const u8* message = at + HEAD;
        at = message + length;
        return message;
    }
};

}  // namespace

void Book::warm_order(const u8* message, u32 length) const {
    const itch::Kind kind = itch::kind_of(message, length);
    const u32 locate = kind == itch::OTHER ? NONE : itch::locate(message);
    if (locate > limits_.symbols) return;
    fetch(symbols_ + locate);
    fetch(orders_ + home(itch::reference(message)));
    if (kind == itch::REPLACES) fetch(orders_ + home(itch::Replaced::new_order_reference_number(message)));
}

// Only hints: what is read here may change before the message is applied.
void Book::warm_level(const u8* message, u32 length) const {
    const itch::Kind kind = itch::kind_of(message, length);
    const u32 locate = kind == itch::OTHER ? NONE : itch::locate(message);
    if (locate > limits_.symbols) return;
    if (kind == itch::ADDS) {
        const u32 owner = locate * 2 + (itch::Add::side(message) == 'B' ? BID : ASK);
        const u32 count = symbols_[locate].levels[owner & 1];
        if (count == 0) return;
        const Entry* end = side(owner) + count - 1;
        fetch(end);
        if (count > 8) fetch(end - 8);
        return;
    }
    const Order& order = orders_[home(itch::reference(message))];
    if (order.reference == 0) return;
    if (order.prev == NONE || order.next == NONE || kind == itch::REPLACES) fetch(levels_ + order.level);
    if (order.prev != NONE) fetch(orders_ + order.prev);
    if (order.next != NONE) fetch(orders_ + order.next);
}

// The level that an add or replace will join, if it is there already.
u32 Book::level_ahead(const u8* message, u32 length) const {
    const itch::Kind kind = itch::kind_of(message, length);
    if (kind == itch::OTHER || kind == itch::REDUCES) return NONE;
    const u32 locate = itch::locate(message);
    if (locate > limits_.symbols) return NONE;
    u32 owner = locate * 2;
    u32 key = 0;
    if (kind == itch::ADDS) {
        owner += itch::Add::side(message) == 'B' ? BID : ASK;
        key = key_of(owner & 1, itch::Add::price(message));
    } else {
        const Order& order = orders_[home(itch::reference(message))];
        if (order.reference == 0 || order.locate != locate) return NONE;
        owner = levels_[order.level].owner;
        if (owner >> 1 != locate) return NONE;
        key = key_of(owner & 1, itch::Replaced::price(message));
    }
    const u32 at = position(owner, key);
    const Entry* entries = side(owner);
    return at != 0 && entries[at - 1].key == key ? entries[at - 1].level : NONE;
}

u64 Book::apply_blocks(const u8* data, u64 length) {
    Blocks now{data, data + length}, first = now, second = now, third = now;
    u32 size = 0;
    u64 applied = 0;
    const u8* message = nullptr;
    const auto run_first = [&] { if ((message = first.next(size)) != nullptr) warm_order(message, size); };
    const auto run_second = [&] { if ((message = second.next(size)) != nullptr) warm_level(message, size); };
    // What the third stage found, for the fourth.
    u32 found[THIRD - FOURTH] = {};
    u32 third_turn = 0, fourth_turn = 0;
    const auto run_third = [&] {
        if ((message = third.next(size)) == nullptr) return;
        const u32 level = level_ahead(message, size);
        if (level != NONE) fetch(levels_ + level);
        found[third_turn++ % (THIRD - FOURTH)] = level;
    };
    const auto run_fourth = [&] {
        if (fourth_turn == third_turn) return;
        const u32 level = found[fourth_turn++ % (THIRD - FOURTH)];
        if (level != NONE && levels_[level].tail != NONE) fetch(orders_ + levels_[level].tail);
    };
    for (u32 i = 0; i < FIRST; ++i) run_first();
    for (u32 i = 0; i < SECOND; ++i) run_second();
    for (u32 i = 0; i < THIRD; ++i) {
        if (i >= THIRD - FOURTH) run_fourth();
        run_third();
    }
    while ((message = now.next(size)) != nullptr) {
        apply(message, size);
        ++applied;
        run_fourth();
        run_third();
        run_second();
        run_first();
    }
    return applied;
}

}  // namespace cws
