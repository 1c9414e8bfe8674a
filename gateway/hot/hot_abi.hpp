// What Rust hands to the hot loop and reads from it: mirrors crates/book/src/hot_abi.rs, where every size is asserted too.
#pragma once

#include "book.hpp"

namespace cws {

struct HotConfig {
    u64 midnight_ns;          // UTC ns of the exchange's midnight: ITCH stamps count from it; 0: the newest UTC midnight that puts no stamp into the future
    u64 first_sequence;       // MoldUDP64 sequence number that the book starts at, from 1
    u64 gap_give_up_ns;       // a gap open for longer breaks the book for good
    u64 request_interval_ns;  // between two requests for the same gap
    u64 next_counter;         // of the first order id, from 1
    i64 max_quantity;         // shares of one order
    i64 collar_ppm;           // how far beyond the touch a price may be
    u64 rate_per_s;           // new orders and replaces in a second, over all parents
    u64 burst;                // of them at once
    BookLimits book;
    u32 held_packets;  // out-of-order packets kept
    u16 parents;       // slots for parents
    u16 epoch;
    u8 session[10];  // MoldUDP64 session; all zero takes the first packet's
    u8 region;
    u8 reserved[5];
};
static_assert(sizeof(HotConfig) == 112 && offsetof(HotConfig, book) == 72 && offsetof(HotConfig, session) == 96);

enum Style : u8 { CHILD = 1, PEG = 2, QUOTE = 3 };
enum Activity : u8 { OFF = 0, WORKING = 1, STOPPING = 2, RETIRED = 3 };

// An order of an earlier life of the gateway that is still at the venue.
struct HotAdopted {
    u64 order_id;  // 0: none
    i64 price;
    i64 leaves;
    i64 traded;  // since it was entered or last replaced
    u8 side;
    u8 reserved[7];
};
static_assert(sizeof(HotAdopted) == 40);

// One parent order as Rust sets it. Prices and distances in 1e-9.
struct HotParent {
    u64 parent_id;
    i64 quantity;        // shares to trade; for a quote the greatest position either way
    i64 slice_quantity;  // shares of one order
    i64 limit_price;     // no worse than this; 0 for none
    u64 start_ns;        // event time, UTC
    u64 end_ns;
    i64 tick;
    i64 half_spread;  // quote: distance of each side from the centre
    i64 skew;         // quote: the centre goes down by this for each share held
    i64 requote;      // quote: an order stays where it is while its target is nearer than this
    u16 symbol;
    u16 strategy;
    u8 style;
    u8 side;
    u8 passive;   // child: 1 rests at the touch, 0 takes it
    u8 activity;  // Activity
    // What an earlier life of the gateway left; read when the parent is set for the first time.
    i64 filled;
    i64 position;
    HotAdopted adopted[2];  // a quote's bid and ask; others use the first
};
static_assert(sizeof(HotParent) == 184 && offsetof(HotParent, symbol) == 80 && offsetof(HotParent, adopted) == 104);

struct HotGap {
    u64 from;
    u64 count;  // 0: no gap
    u8 session[10];
    u8 reserved[6];
};
static_assert(sizeof(HotGap) == 32);

// Why the hot loop did not send what a trigger wanted.
enum Refusal : u32 {
    SENT = 0,
    QUANTITY = 1,
    NO_TOUCH = 2,
    COLLAR = 3,
    RATE = 4,
    RING_FULL = 5,
    IDS_USED_UP = 6,
    REFUSALS = 7,
};

struct HotStats {
    u64 packets;
    u64 duplicates;     // packets with nothing new
    u64 malformed;      // packets that contradict themselves
    u64 jumped;         // packets with a number that no message of the feed can have
    u64 foreign;        // packets of another session
    u64 held;           // packets that came early and were kept
    u64 held_dropped;   // early packets for which there was no room
    u64 gaps;           // times that a sequence number was missing
    u64 requests;       // retransmissions asked for
    u64 messages;       // ITCH messages applied or refused by the book
    u64 next_sequence;  // the one the book waits for
    u64 event_ns;       // time of the last message, UTC
    u64 broken;         // 1: a gap was given up, nothing new is sent
    u64 ended;          // 1: the session said that it is over
    u64 intents;
    u64 executions;
    u64 unknown_executions;  // about no order that works here
    u64 stopped_parents;     // refused too often in a row
    u64 tap_dropped;         // packets that the slow path was too slow to take
    u64 by_refusal[REFUSALS];
    u64 parameter_retries;  // parameters were being written when they were read
    // Packet received -> intent written, software clock: bucket b counts times in [2^(b/4) * (4 + b%4) / 4, ...) ns.
    u64 latency[128];
    BookCounters book;
};
static_assert(sizeof(HotStats) == 8 * (19 + REFUSALS + 1 + 128 + CODES));

// Descriptors of bound, non-blocking UDP sockets; -1 where there is none.
struct HotSockets {
    i64 feed_a;
    i64 feed_b;
    i64 request;   // connected to the retransmission server; answers come back on it
    i64 core;      // to pin to; -1 for none
    i64 spinners;  // threads that spin on this machine, this one included
    i64 poll_ms;   // longest sleep when nothing comes
    i64 awake_ns;  // how long it goes on yielding without work before it sleeps
};
static_assert(sizeof(HotSockets) == 56);

enum TapSource : u32 { FEED_A = 0, FEED_B = 1, RETRANSMITTED = 2 };

}  // namespace cws
