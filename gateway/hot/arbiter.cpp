#include "arbiter.hpp"

namespace cws {

bool Arbiter::open(const HotConfig& config) {
    constexpr u32 HELD_MAX = 4096;
    if (config.held_packets == 0 || config.held_packets > HELD_MAX || config.first_sequence == 0) return false;
    capacity_ = config.held_packets;
    next_ = highest_ = config.first_sequence;
    std::memcpy(session_, config.session, sizeof session_);
    for (const u8 byte : session_) session_known_ |= byte != 0;
    if (!memory_.map(u64{capacity_} * sizeof(Held))) return false;
    held_ = memory_.as<Held>();
    return true;
}

bool Arbiter::take(const mold::Packet& packet, HotStats& stats, u32& skip) {
    // Messages count from 1, and no feed is this far ahead of the other: such a number is damage, and a high one would
    // stop the book for good.
    if (packet.sequence == 0 || packet.sequence > next_ + JUMP_MAX) {
        bump(stats.jumped);
        return false;
    }
    if (!session_known_) {
        std::memcpy(session_, packet.session, sizeof session_);
        session_known_ = true;
    }
    if (std::memcmp(session_, packet.session, sizeof session_) != 0) {
        bump(stats.foreign);
        return false;
    }
    const u64 end = packet.sequence + packet.messages;
    if (packet.end_of_session) __atomic_store_n(&stats.ended, 1, __ATOMIC_RELAXED);
    // A heartbeat that is ahead of us says that something is missing, like a packet that is.
    if (packet.sequence > next_) {
        if (!open_gap()) bump(stats.gaps);
        if (end > highest_) highest_ = end;
        return false;
    }
    if (end <= next_) {
        if (packet.messages != 0) bump(stats.duplicates);
        return false;
    }
    skip = static_cast<u32>(next_ - packet.sequence);
    return true;
}

void Arbiter::hold(const u8* bytes, u32 length, const mold::Packet& packet, HotStats& stats) {
    const u64 end = packet.sequence + packet.messages;
    Held* room = nullptr;
    for (u32 i = 0; i < capacity_; ++i) {
        Held& held = held_[i];
        if (held.length == 0) {
            if (room == nullptr) room = &held;
        } else if (held.sequence <= packet.sequence && end <= held.end) {
            bump(stats.duplicates);
            return;
        }
    }
    if (room == nullptr || length > PACKET_MAX) {
        bump(stats.held_dropped);
        return;
    }
    room->sequence = packet.sequence;
    room->end = end;
    room->length = length;
    std::memcpy(room->bytes, bytes, length);
    ++kept_;
    bump(stats.held);
}

const u8* Arbiter::held_next(u32& length) {
    if (kept_ == 0) return nullptr;
    const u8* found = nullptr;
    for (u32 i = 0; i < capacity_; ++i) {
        Held& held = held_[i];
        if (held.length == 0) continue;
        if (held.end <= next_) {
            held.length = 0;
            --kept_;
        } else if (held.sequence <= next_) {
            length = held.length;
            found = held.bytes;
        }
    }
    return found;
}

u64 Arbiter::first_held() const {
    u64 first = highest_;
    for (u32 i = 0; kept_ != 0 && i < capacity_; ++i) {
        if (held_[i].length != 0 && held_[i].sequence < first) first = held_[i].sequence;
    }
    return first;
}

HotGap Arbiter::gap() const {
    HotGap gap{};
    gap.from = next_;
    if (open_gap()) gap.count = first_held() - next_;
    std::memcpy(gap.session, session_, sizeof session_);
    return gap;
}

void Arbiter::give_up(HotStats& stats) { advance(first_held(), stats); }

}  // namespace cws
