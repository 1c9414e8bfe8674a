#include "hot.hpp"

namespace cws {

namespace {

constexpr u64 DAY_NS = 86'400'000'000'000;
// How far the exchange's clock may be ahead of ours.
constexpr u64 AHEAD_NS = 3'600'000'000'000;

}  // namespace

bool HotState::open(const HotConfig& config, u8* head, u8* records, u64 capacity) {
    config_ = config;
    stats_.next_sequence = config.first_sequence;
    return book_.open(config.book) && arbiter_.open(config) && link_.open(config.parents) &&
           sender_.open(config, head, records, capacity) && desk_.open(config, book_, sender_, link_, stats_);
}

u32 HotState::step(const u8* bytes, u32 length, u64 ts_recv_ns) {
    bump(stats_.packets);
    ts_recv_ns_ = ts_recv_ns;
    mold::Packet packet;
    if (!mold::parse(bytes, length, packet)) {
        bump(stats_.malformed);
        return 0;
    }
    desk_.refresh();
    u32 skip = 0;
    if (arbiter_.take(packet, stats_, skip)) {
        apply(packet, skip);
        arbiter_.advance(packet.sequence + packet.messages, stats_);
        drain();
    } else if (packet.messages != 0 && arbiter_.early(packet)) {
        arbiter_.hold(bytes, length, packet, stats_);
    }
    watch_gap();
    return act();
}

// Packets that came early and now carry on.
void HotState::drain() {
    u32 length = 0;
    while (const u8* bytes = arbiter_.held_next(length)) {
        mold::Packet packet;
        u32 skip = 0;
        if (!mold::parse(bytes, length, packet) || !arbiter_.take(packet, stats_, skip)) return;
        apply(packet, skip);
        arbiter_.advance(packet.sequence + packet.messages, stats_);
    }
}

void HotState::apply(const mold::Packet& packet, u32 skip) {
    constexpr u32 AHEAD = 32;
    const u32 warm = packet.messages < AHEAD ? packet.messages : AHEAD;
    u32 length = 0;
    if (warm > 1) {
        const u8* at = packet.blocks;
        for (u32 i = 0; i < warm; ++i) {
            const u8* message = mold::block(at, length);
            book_.warm_order(message, length);
        }
        at = packet.blocks;
        for (u32 i = 0; i < warm; ++i) {
            const u8* message = mold::block(at, length);
            book_.warm_level(message, length);
        }
    }
    const u8* at = packet.blocks;
    for (u32 i = 0; i < packet.messages; ++i) {
        const u8* message = mold::block(at, length);
        if (i < skip) continue;
        bump(stats_.messages);
        if (book_.apply(message, length) == APPLIED) note_event(message);
    }
}

void HotState::note_event(const u8* message) {
    const u64 stamp = itch::timestamp(message);
    const u64 event_ns = utc_of(stamp);
    // Event time never goes back, and a stamp beyond the day is no time.
    if (stamp < DAY_NS && event_ns > stats_.event_ns) __atomic_store_n(&stats_.event_ns, event_ns, __ATOMIC_RELAXED);
    if (message[0] == itch::SystemEvent::type) {
        desk_.mark_all();
    } else {
        desk_.mark_symbol(itch::locate(message));
    }
}

// Stamps count from midnight, and begin again there. Without a midnight of its own, a stamp is of the newest day that does
// not put it into the future: what is asked for again may be many hours old, and nothing is told before it happens.
u64 HotState::utc_of(u64 stamp) {
    if (config_.midnight_ns != 0) return config_.midnight_ns + stamp;
    if (ts_recv_ns_ - today_ns_ >= DAY_NS) today_ns_ = ts_recv_ns_ / DAY_NS * DAY_NS;
    const u64 event_ns = today_ns_ + stamp;
    if (today_ns_ == 0) return event_ns;  // no clock at all
    const u64 latest_ns = ts_recv_ns_ + AHEAD_NS;
    if (event_ns > latest_ns) return event_ns - DAY_NS;
    return event_ns + DAY_NS <= latest_ns ? event_ns + DAY_NS : event_ns;
}

// A gap that stays in one place for too long is given up; from then on the book cannot be trusted.
void HotState::watch_gap() {
    if (!arbiter_.open_gap()) {
        gap_since_ = 0;
        return;
    }
    if (gap_since_ == 0 || gap_next_ != arbiter_.next()) {
        gap_since_ = ts_recv_ns_;
        gap_next_ = arbiter_.next();
        return;
    }
    if (ts_recv_ns_ <= gap_since_ || ts_recv_ns_ - gap_since_ <= config_.gap_give_up_ns) return;
    arbiter_.give_up(stats_);
    __atomic_store_n(&stats_.broken, 1, __ATOMIC_RELAXED);
    gap_since_ = 0;
    drain();
    desk_.mark_all();
}

// No trigger looks at a book with a hole in it.
u32 HotState::act() {
    if (arbiter_.open_gap() && stats_.broken == 0) return 0;
    const u64 before = stats_.intents;
    desk_.act(stats_.packets, stats_.event_ns, ts_recv_ns_, stats_.broken != 0);
    return static_cast<u32>(stats_.intents - before);
}

u32 HotState::idle(u64 ts_recv_ns) {
    const u64 before = stats_.intents;
    desk_.refresh();
    take_executions();
    desk_.cancel_strays(ts_recv_ns);
    if (gap_since_ != 0) {
        ts_recv_ns_ = ts_recv_ns;
        watch_gap();
    }
    act();
    return static_cast<u32>(stats_.intents - before);
}

u32 HotState::execution(const Execution& execution) {
    desk_.refresh();
    desk_.execution(execution);
    return act();
}

bool HotState::take_executions() {
    Execution execution;
    u32 taken = 0;
    while (taken < QUEUE && link_.pop(execution)) {
        desk_.execution(execution);
        ++taken;
    }
    return taken != 0;
}

}  // namespace cws
