// What C++ and Rust share: the records of shared memory (crate abi) and the fixed-point units. Every offset is asserted here and
// in crates/abi/src/records.rs; a change in one place alone does not compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cws {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
__extension__ using i128 = __int128;

// Prices are 1e-9 inside and 1e-4 on the wire.
constexpr i64 WIRE_PRICE_UNIT = 100'000;

// See crates/abi/src/records.rs for the meaning of each field.
struct OrderIntent {
    u64 seq;
    u64 order_id;
    u64 parent_id;
    u64 orig_order_id;
    u64 ts_recv_ns;
    i64 price;
    i64 quantity;
    u16 symbol;
    u16 strategy;
    u8 kind;
    u8 side;
    u8 terms;
    u8 version;
};
static_assert(std::is_trivially_copyable_v<OrderIntent> && sizeof(OrderIntent) == 64);
static_assert(offsetof(OrderIntent, ts_recv_ns) == 32);
static_assert(offsetof(OrderIntent, price) == 40);
static_assert(offsetof(OrderIntent, quantity) == 48);
static_assert(offsetof(OrderIntent, symbol) == 56);
static_assert(offsetof(OrderIntent, version) == 63);
constexpr u8 INTENT_VERSION = 1;

struct Execution {
    u64 seq;
    u64 order_id;
    u64 parent_id;
    u64 orig_order_id;
    u64 exec_id;
    u64 venue_seq;
    u64 ts_recv_ns;
    u64 ts_event_ns;
    i64 price;
    i64 last_qty;
    i64 cum_qty;
    i64 leaves_qty;
    u16 symbol;
    u16 strategy;
    u16 reason;
    u8 kind;
    u8 side;
    u64 ts_trigger_ns;
    u64 reserved;
    u64 reserved_2;
};
static_assert(std::is_trivially_copyable_v<Execution> && sizeof(Execution) == 128);
static_assert(offsetof(Execution, price) == 64);
static_assert(offsetof(Execution, symbol) == 96);
static_assert(offsetof(Execution, ts_trigger_ns) == 104);

enum Side : u8 { BUY = 1, SELL = 2, SELL_SHORT = 3 };
enum IntentKind : u8 { NEW = 1, CANCEL = 2, REPLACE = 3 };
enum Terms : u8 { LIMIT_DAY = 1, LIMIT_IOC = 2, POST_ONLY = 3, MARKET_IOC = 4 };
enum ExecKind : u8 {
    ACCEPTED = 1,
    REJECTED_BY_RISK = 2,
    REJECTED_BY_VENUE = 3,
    FILLED = 4,
    CANCELED = 5,
    REPLACED = 6,
    CANCEL_REJECTED = 7,
    UNKNOWN = 8,
    NOT_AT_VENUE = 9,
    SESSION_EVENT = 10,
    BROKEN = 11,
    CORRECTED = 12,
};

// A counter that one thread writes and others read: no lock, no read-modify-write.
inline void bump(u64& counter, u64 by = 1) { __atomic_store_n(&counter, counter + by, __ATOMIC_RELAXED); }

}  // namespace cws
