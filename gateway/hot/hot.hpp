// The hot loop: packet -> arbitrate -> decode -> book -> trigger -> own check -> intent.
#pragma once

#include "arbiter.hpp"
#include "desk.hpp"
#include "link.hpp"
#include "sender.hpp"

namespace cws {

class HotState {
public:
    bool open(const HotConfig& config, u8* head, u8* records, u64 capacity);

    // Hot thread. Each returns how many intents it made.
    u32 step(const u8* bytes, u32 length, u64 ts_recv_ns);
    u32 idle(u64 ts_recv_ns);
    u32 execution(const Execution& execution);

    // Hot thread: packets from sockets until the link says stop. 0, or the error number of what failed.
    i64 run(const HotSockets& sockets);

    const Arbiter& arbiter() const { return arbiter_; }
    const Book& book() const { return book_; }
    Sender& sender() { return sender_; }
    u64 next_counter() const { return sender_.next_counter(); }
    Link& link() { return link_; }
    const Link& link() const { return link_; }
    const HotStats& stats() const { return stats_; }

    Memory memory;  // that this object itself lies in

private:
    struct Receiver;

    void apply(const mold::Packet& packet, u32 skip);
    void drain();
    void watch_gap();
    u32 act();
    void note_event(const u8* message);
    u64 utc_of(u64 stamp);
    void handed_over() const;
    void note_latency(u64 received_ns);
    bool take_executions();
    bool request_missing(i64 socket, u64 now_ns);
    i64 receive(const Receiver& receiver, bool& any);

    Book book_;
    Arbiter arbiter_;
    Desk desk_;
    Sender sender_;
    HotStats stats_{};
    u64 ts_recv_ns_ = 0;
    u64 today_ns_ = 0;  // UTC midnight before it
    u64 gap_since_ = 0;   // 0: no gap
    u64 gap_next_ = 0;    // where the book stood then
    u64 asked_ns_ = 0;
    u64 asked_from_ = 0;
    bool crowded_ = false;
    HotConfig config_{};
    u8 datagram_[65'536];  // UDP over IPv4 carries no more
    Link link_;
};

}  // namespace cws
