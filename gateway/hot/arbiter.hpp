// Which packet comes next: feeds A and B and retransmissions carry the same messages under the same numbers.
#pragma once

#include "hot_abi.hpp"
#include "memory.hpp"
#include "mold.hpp"
#include "itch.hpp"

namespace cws {

constexpr u32 PACKET_MAX = 2048;
constexpr u64 JUMP_MAX = u64{1} << 24;  // messages

class Arbiter {
public:
    bool open(const HotConfig& config);

    // True where the packet, less its first `skip` messages, is to be applied now.
    bool take(const mold::Packet& packet, HotStats& stats, u32& skip);

    // All messages up to here have been applied.
    void advance(u64 next, HotStats& stats) {
        next_ = next;
        if (highest_ < next) highest_ = next;
        __atomic_store_n(&stats.next_sequence, next, __ATOMIC_RELAXED);
    }

    // Keeps an early packet. Refused (and counted) where it is too long or there is no room.
    void hold(const u8* bytes, u32 length, const mold::Packet& packet, HotStats& stats);

    // A kept packet that carries on from here; null where there is none. It is let go by the call after.
    const u8* held_next(u32& length);

    u64 next() const { return next_; }
    // Of this session, and ahead by no more than can be.
    bool early(const mold::Packet& packet) const {
        return packet.sequence > next_ && packet.sequence <= next_ + JUMP_MAX &&
               std::memcmp(session_, packet.session, sizeof session_) == 0;
    }
    bool open_gap() const { return next_ < highest_; }
    HotGap gap() const;

    // Goes on behind the gap. What was missing stays missing.
    void give_up(HotStats& stats);

private:
    struct Held {
        u64 sequence;
        u64 end;
        u32 length;
        u8 bytes[PACKET_MAX];
    };

    u64 first_held() const;

    Held* held_ = nullptr;
    u32 capacity_ = 0;
    u32 kept_ = 0;
    u64 next_ = 1;
    u64 highest_ = 1;
    bool session_known_ = false;
    u8 session_[mold::SESSION_LEN] = {};
    Memory memory_;
};

}  // namespace cws
