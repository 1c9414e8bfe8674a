// Looking ahead: where a later message will need memory, it is asked for while earlier ones are applied.
#include <cws_wire/mold_udp64.hpp>

#include "book.hpp"
#include "itch.hpp"

namespace cws {

namespace {

constexpr u32 FAR = 12;   // messages ahead: the order's place and the symbol's header
constexpr u32 NEAR = 6;  // messages ahead: the level, the neighbours in its queue, the end of the side

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
    if (!itch::about_order(message, length)) return;
    const u32 locate = itch::locate(message);
    if (locate > limits_.symbols) return;
    fetch(symbols_ + locate);
    fetch(orders_ + home(itch::reference(message)));
    if (message[0] == itch::Replaced::type) fetch(orders_ + home(itch::Replaced::new_order_reference_number(message)));
}

// Only hints: what is read here may change before the message is applied.
void Book::warm_level(const u8* message, u32 length) const {
    if (!itch::about_order(message, length)) return;
    const u32 locate = itch::locate(message);
    if (locate > limits_.symbols) return;
    if (message[0] == itch::Add::type || message[0] == itch::AddMpid::type) {
        const u32 owner = locate * 2 + (itch::Add::side(message) == 'B' ? BID : ASK);
        const u32 count = symbols_[locate].levels[owner & 1];
        if (count != 0) fetch(side(owner) + count - 1);
        return;
    }
    const Order& order = orders_[home(itch::reference(message))];
    if (order.reference == 0) return;
    fetch(levels_ + order.level);
    if (order.prev != NONE) fetch(orders_ + order.prev);
    if (order.next != NONE) fetch(orders_ + order.next);
    const u32 count = symbols_[locate].levels[order.owner & 1];
    if (count != 0 && order.owner >> 1 == locate) fetch(side(order.owner) + count - 1);
}

u64 Book::apply_blocks(const u8* data, u64 length) {
    Blocks now{data, data + length}, near = now, far = now;
    u32 size = 0;
    u64 applied = 0;
    const u8* message = nullptr;
    for (u32 i = 0; i < FAR && (message = far.next(size)) != nullptr; ++i) warm_order(message, size);
    for (u32 i = 0; i < NEAR && (message = near.next(size)) != nullptr; ++i) warm_level(message, size);
    while ((message = now.next(size)) != nullptr) {
        apply(message, size);
        ++applied;
        if ((message = near.next(size)) != nullptr) warm_level(message, size);
        if ((message = far.next(size)) != nullptr) warm_order(message, size);
    }
    return applied;
}

}  // namespace cws
