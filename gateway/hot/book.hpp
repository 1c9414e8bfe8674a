// The fast L3 book: one flat table of orders, levels in a pool, one sorted array of levels a side. Nothing is allocated after
// construction; what exceeds a limit is refused with a code and changes nothing.
#pragma once

#include "abi.hpp"
#include "memory.hpp"

namespace cws {

// Mirrors `Limits` of crates/book/src/rules.rs.
struct BookLimits {
    u32 orders;           // live orders over all symbols
    u32 levels_per_side;  // price levels of one side of one symbol
    u32 symbols;          // locates 1..=symbols
    u32 reserved;
};
static_assert(sizeof(BookLimits) == 16);

// Mirrors `Code` of crates/book/src/rules.rs: the order of the checks is part of the meaning.
enum Code : u32 {
    APPLIED = 0,
    IGNORED = 1,
    BAD_LENGTH = 2,
    BAD_SYMBOL = 3,
    BAD_STATE = 4,
    BAD_SIDE = 5,
    BAD_REFERENCE = 6,
    BAD_SHARES = 7,
    BAD_PRICE = 8,
    UNKNOWN_ORDER = 9,
    WRONG_SYMBOL = 10,
    TOO_MANY_SHARES = 11,
    DUPLICATE_ORDER = 12,
    ORDERS_FULL = 13,
    LEVELS_FULL = 14,
    CODES = 15,
};

struct BookCounters {
    u64 by_code[CODES];
};

constexpr u32 NONE = 0xFFFF'FFFF;
// ITCH 5.0: the highest price is 200,000.0000.
constexpr u32 WIRE_PRICE_MAX = 2'000'000'000;
constexpr u32 BID = 0, ASK = 1;

// Two orders share a cache line. `reference` 0 is an empty place. An order never moves, so others may point at it:
// `passed` counts the living orders that wanted this place or one before it and stand behind it, which is how a search
// knows when to end, whatever was removed.
struct alignas(32) Order {
    u64 reference;
    u32 shares;
    u32 level;
    u32 prev;
    u32 next;
    u32 passed;
    u16 locate;
    u16 unused;
};
static_assert(sizeof(Order) == 32);

// The queue of one price. It keeps no sums: an order that leaves from the middle of its queue touches its two neighbours
// and nothing else.
struct alignas(16) Level {
    u32 head;   // of a free level: the next free one
    u32 tail;
    u32 owner;  // locate * 2 + side
    u32 key;
};
static_assert(sizeof(Level) == 16);

// One level in the sorted array of its side; a greater key is a better price on both sides.
struct Entry {
    u32 level;
    u32 key;
};

struct alignas(64) Symbol {
    u32 levels[2];
    u32 best_key[2];
    u8 state;   // last ITCH trading state, 0 before the first
    u8 unused;
    u16 watch;  // 1 + index of the first parent of this symbol, for the hot loop
};
static_assert(sizeof(Symbol) == 64);

constexpr u32 key_of(u32 side, u32 price) { return side == BID ? price : ~price; }
constexpr u32 price_of(u32 side, u32 key) { return side == BID ? key : ~key; }

class Book {
public:
    // False where limits are out of range or the memory is not there.
    bool open(const BookLimits& limits);

    // One ITCH message. Total: any bytes give a code.
    Code apply(const u8* message, u32 length);

    // Messages, each after its length in two bytes (MoldUDP64 blocks, BinaryFILE). Looks ahead so that the memory of later
    // messages is on its way. Returns how many whole messages were applied; a torn end is left.
    u64 apply_blocks(const u8* data, u64 length);

    // Best price of a side in wire units, 0 where the side is empty.
    u32 touch(u32 locate, u32 side) const {
        const Symbol& symbol = symbols_[locate];
        return symbol.levels[side] == 0 ? 0 : price_of(side, symbol.best_key[side]);
    }
    // Shares at the best price, summed over its queue.
    u64 touch_shares(u32 locate, u32 side) const;
    Symbol& symbol(u32 locate) { return symbols_[locate]; }
    u32 symbols() const { return limits_.symbols; }
    u8 system_state() const { return system_state_; }
    u32 live_orders() const { return live_; }
    const BookCounters& counters() const { return counters_; }

    // The checksum of crates/book/src/rules.rs, over one symbol and over all.
    u64 symbol_checksum(u32 locate) const;
    u64 checksum() const;
    // Recounts what the structure says about itself. For tests.
    bool sound() const;

    void warm_order(const u8* message, u32 length) const;
    void warm_level(const u8* message, u32 length) const;
    u32 level_ahead(const u8* message, u32 length) const;

private:
    Code decide(const u8* message, u32 length);
    Code add(const u8* message);
    Code reduce(const u8* message, u32 shares);
    Code remove(const u8* message);
    Code replace(const u8* message);
    Code set_state(const u8* message);
    Code set_system(const u8* message);

    u32 home(u64 reference) const {
        return static_cast<u32>((reference >> 1) * 0x9E37'79B9'7F4A'7C15U >> shift_) << 1 | (reference & 1);
    }
    u32 find(u64 reference) const;
    u32 settle(u64 reference);
    u32 position(u32 owner, u32 key) const;
    Entry* side(u32 owner) const { return entries_ + u64{owner} * stride_; }
    u32 level_for(u32 owner, u32 key);
    void drop_level(u32 level);
    void append(u64 reference, u32 shares, u32 level);
    void take_out(u32 place);
    void vacate(u32 place);

    Order* orders_ = nullptr;
    Level* levels_ = nullptr;
    Entry* entries_ = nullptr;
    Symbol* symbols_ = nullptr;
    u32 mask_ = 0;
    u32 shift_ = 0;
    u32 stride_ = 0;  // entries from side to side
    u32 live_ = 0;
    u32 free_level_ = NONE;
    u32 used_levels_ = 0;
    u8 system_state_ = 0;
    BookLimits limits_{};
    BookCounters counters_{};
    Memory order_memory_, level_memory_, entry_memory_, symbol_memory_;
};

}  // namespace cws
