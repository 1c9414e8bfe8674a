// The checksum that the reference computes too: see crates/book/src/rules.rs for its words.
#include <bit>
#include <initializer_list>

#include "book.hpp"

namespace cws {

namespace {

u64 fold(u64 sum, u64 word) { return std::rotl(sum ^ word, 29) * 0x9E37'79B9'7F4A'7C15U; }

}  // namespace

u64 Book::symbol_checksum(u32 locate) const {
    const Symbol& symbol = symbols_[locate];
    u64 sum = fold(0, symbol.state);
    for (const u32 side_index : {BID, ASK}) {
        const u32 count = symbol.levels[side_index];
        const Entry* entries = side(locate * 2 + side_index);
        sum = fold(sum, count);
        for (u32 i = count; i > 0; --i) {
            const Level& level = levels_[entries[i - 1].level];
            sum = fold(sum, price_of(side_index, entries[i - 1].key));
            u64 shares = 0, orders = 0;
            for (u32 at = level.head; at != NONE; at = orders_[at].next) {
                shares += orders_[at].shares;
                ++orders;
            }
            sum = fold(fold(sum, shares), orders);
            for (u32 at = level.head; at != NONE; at = orders_[at].next) {
                sum = fold(fold(sum, orders_[at].reference), orders_[at].shares);
            }
        }
    }
    return sum;
}

u64 Book::checksum() const {
    u64 sum = fold(fold(0, system_state_), live_);
    for (u32 locate = 1; locate <= limits_.symbols; ++locate) sum = fold(sum, symbol_checksum(locate));
    return sum;
}

bool Book::sound() const {
    u64 passed = 0, displaced = 0, found = 0;
    for (u32 place = 0; place <= mask_; ++place) {
        const Order& order = orders_[place];
        passed += order.passed;
        if (order.reference == 0) continue;
        ++found;
        displaced += (place - home(order.reference)) & mask_;
        const bool linked = (order.prev == NONE ? levels_[order.level].head : orders_[order.prev].next) == place &&
                            (order.next == NONE ? levels_[order.level].tail : orders_[order.next].prev) == place;
        if (!linked || levels_[order.level].owner >> 1 != order.locate) return false;
    }
    return found == live_ && passed == displaced;
}

}  // namespace cws
