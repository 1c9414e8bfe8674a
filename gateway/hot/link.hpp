// What the hot thread and the slow path share inside the gateway: each word has one writer, nothing locks.
#pragma once

#include <cstring>

#include "arbiter.hpp"
#include "hot_abi.hpp"

namespace cws {

// A parameter block under a sequence lock: odd while Rust writes it.
struct alignas(64) ParentSlot {
    u64 version;
    u64 words[sizeof(HotParent) / 8];
};

struct TapHeader {
    u64 ts_recv_ns;
    u32 source;
    u32 length;
};

struct alignas(64) TapPlace {
    TapHeader header;
    u8 bytes[PACKET_MAX];
};

// An order that the slow path wants gone and no parent here works: of an earlier life.
struct Stray {
    u64 order_id;
    u64 parent_id;
    u16 symbol;
    u16 strategy;
    u8 side;
    u8 reserved[3];
};
static_assert(sizeof(Stray) == 24);

constexpr u32 QUEUE = 4096;  // executions
constexpr u32 STRAYS = 1024;
constexpr u32 TAP = 2048;    // packets

class Link {
public:
    // Slow path.
    void set_parent(u32 slot, const HotParent& parent) {
        ParentSlot& place = slots_[slot];
        const u64 version = place.version;
        __atomic_store_n(&place.version, version + 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_RELEASE);
        u64 words[sizeof(HotParent) / 8];
        std::memcpy(words, &parent, sizeof parent);
        for (u32 i = 0; i < sizeof(HotParent) / 8; ++i) __atomic_store_n(&place.words[i], words[i], __ATOMIC_RELAXED);
        __atomic_store_n(&place.version, version + 2, __ATOMIC_RELEASE);
        if (slot >= __atomic_load_n(&used_, __ATOMIC_RELAXED)) __atomic_store_n(&used_, slot + 1, __ATOMIC_RELAXED);
        __atomic_store_n(&generation_, generation_ + 1, __ATOMIC_RELEASE);
    }
    bool push(const Execution& execution) {
        if (queue_head_ - __atomic_load_n(&queue_tail_, __ATOMIC_ACQUIRE) == QUEUE) return false;
        queue_[queue_head_ % QUEUE] = execution;
        __atomic_store_n(&queue_head_, queue_head_ + 1, __ATOMIC_RELEASE);
        return true;
    }
    bool push_stray(const Stray& stray) {
        if (stray_head_ - __atomic_load_n(&stray_tail_, __ATOMIC_ACQUIRE) == STRAYS) return false;
        strays_[stray_head_ % STRAYS] = stray;
        __atomic_store_n(&stray_head_, stray_head_ + 1, __ATOMIC_RELEASE);
        return true;
    }
    // The parent that the hot thread let go of in this slot, 0 where it never did.
    u64 released(u32 slot) const { return __atomic_load_n(&released_[slot], __ATOMIC_ACQUIRE); }
    bool tap_next(u8* out, u32 room, TapHeader& about) {
        if (tap_tail_ == __atomic_load_n(&tap_head_, __ATOMIC_ACQUIRE)) return false;
        const TapPlace& place = tap_[tap_tail_ % TAP];
        about = place.header;
        std::memcpy(out, place.bytes, about.length < room ? about.length : room);
        __atomic_store_n(&tap_tail_, tap_tail_ + 1, __ATOMIC_RELEASE);
        return true;
    }
    void stop() { __atomic_store_n(&stop_, 1, __ATOMIC_RELEASE); }

    // Hot thread.
    bool stopping() const { return __atomic_load_n(&stop_, __ATOMIC_ACQUIRE) != 0; }
    u64 generation() const { return __atomic_load_n(&generation_, __ATOMIC_ACQUIRE); }
    u32 used() const { return __atomic_load_n(&used_, __ATOMIC_RELAXED); }
    u64 version(u32 slot) const { return __atomic_load_n(&slots_[slot].version, __ATOMIC_ACQUIRE); }

    // False where the block was being written: the caller keeps what it had and comes again.
    bool read_parent(u32 slot, HotParent& out, u64& version) const {
        const ParentSlot& place = slots_[slot];
        version = __atomic_load_n(&place.version, __ATOMIC_ACQUIRE);
        u64 words[sizeof(HotParent) / 8];
        for (u32 i = 0; i < sizeof(HotParent) / 8; ++i) words[i] = __atomic_load_n(&place.words[i], __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (version % 2 != 0 || __atomic_load_n(&place.version, __ATOMIC_RELAXED) != version) return false;
        std::memcpy(&out, words, sizeof out);
        return true;
    }
    bool pop(Execution& out) {
        if (queue_tail_ == __atomic_load_n(&queue_head_, __ATOMIC_ACQUIRE)) return false;
        out = queue_[queue_tail_ % QUEUE];
        __atomic_store_n(&queue_tail_, queue_tail_ + 1, __ATOMIC_RELEASE);
        return true;
    }
    // Null where there is none; it stays until `stray_sent`.
    const Stray* stray() const {
        const bool none = stray_tail_ == __atomic_load_n(&stray_head_, __ATOMIC_ACQUIRE);
        return none ? nullptr : &strays_[stray_tail_ % STRAYS];
    }
    void stray_sent() { __atomic_store_n(&stray_tail_, stray_tail_ + 1, __ATOMIC_RELEASE); }
    // From here on the slot may be another parent's.
    void release(u32 slot, u64 parent_id) { __atomic_store_n(&released_[slot], parent_id, __ATOMIC_RELEASE); }
    bool tap(const u8* bytes, u32 length, u32 source, u64 ts_recv_ns) {
        if (length > PACKET_MAX || tap_head_ - __atomic_load_n(&tap_tail_, __ATOMIC_ACQUIRE) == TAP) return false;
        TapPlace& place = tap_[tap_head_ % TAP];
        place.header = TapHeader{ts_recv_ns, source, length};
        std::memcpy(place.bytes, bytes, length);
        __atomic_store_n(&tap_head_, tap_head_ + 1, __ATOMIC_RELEASE);
        return true;
    }

    static u64 bytes(u32 parents) {
        return parents * (sizeof(ParentSlot) + sizeof(u64)) + QUEUE * sizeof(Execution) + STRAYS * sizeof(Stray) +
               TAP * sizeof(TapPlace);
    }
    bool open(u32 parents) {
        if (!memory_.map(bytes(parents))) return false;
        tap_ = memory_.as<TapPlace>();
        slots_ = reinterpret_cast<ParentSlot*>(tap_ + TAP);
        queue_ = reinterpret_cast<Execution*>(slots_ + parents);
        strays_ = reinterpret_cast<Stray*>(queue_ + QUEUE);
        released_ = reinterpret_cast<u64*>(strays_ + STRAYS);
        return true;
    }

private:
    ParentSlot* slots_ = nullptr;
    Execution* queue_ = nullptr;
    Stray* strays_ = nullptr;
    u64* released_ = nullptr;
    TapPlace* tap_ = nullptr;
    Memory memory_;
    alignas(64) u64 generation_ = 0;  // slow path writes
    u32 used_ = 0;
    u32 stop_ = 0;
    u64 queue_head_ = 0;
    u64 tap_tail_ = 0;
    u64 stray_head_ = 0;
    alignas(64) u64 queue_tail_ = 0;  // hot thread writes
    u64 tap_head_ = 0;
    u64 stray_tail_ = 0;
};

}  // namespace cws
