// The triggers: parents that Rust set, the orders that work for them, and what each wants when the book or the clock moves.
#pragma once

#include "link.hpp"
#include "sender.hpp"

namespace cws {

enum WorkState : u8 { FREE = 0, SENT_NEW, LIVE, CANCELING, REPLACING, IN_DOUBT };

// One order at the venue, or on its way.
struct Work {
    u64 order_id;
    u64 next_id;  // of the replace or cancel under way
    i64 price;
    i64 leaves;
    i64 traded;  // since it was entered or last replaced
    i64 next_price;
    i64 next_quantity;
    u64 turn;  // packet at which it was last sent or replaced
    WorkState state;
    u8 side;
    u64 moved_ns = 0;  // event time at which it was last replaced
};

struct Parent {
    HotParent set;
    u64 version;
    i64 filled;
    i64 position;
    u32 rejected;   // refusals in a row
    u16 next_same;  // 1 + slot of the next parent of this symbol
    bool present;
    Work work[2];  // a quote's bid and ask; others use the first
};

class Desk {
public:
    bool open(const HotConfig& config, Book& book, Sender& sender, Link& link, HotStats& stats);

    // Takes over what Rust set since the last time.
    void refresh() {
        if (link_->generation() != generation_) read_parents();
    }
    // The book of this symbol moved.
    void mark_symbol(u32 locate) {
        for (u32 next = book_->symbol(locate).watch; next != 0; next = parents_[next - 1].next_same) mark(next - 1);
    }
    void mark_all();

    // Lets every marked or due parent act. `turn` is the number of the packet, `event_ns` and `ts_recv_ns` its times.
    void act(u64 turn, u64 event_ns, u64 ts_recv_ns, bool broken);

    // Cancels what the slow path asked for; what finds the ring full waits for the next time.
    void cancel_strays(u64 ts_recv_ns);

    // Books an execution and marks its parent.
    void execution(const Execution& execution);

private:
    struct Now {
        u64 turn;
        u64 event_ns;
        u64 ts_recv_ns;
        bool broken;
        Touch touch;
    };

    void read_parents();
    bool install(u32 slot, const HotParent& set);
    void release(Parent& parent);
    void forget_id(u32 slot);
    u32 home_of(u64 parent_id) const { return static_cast<u32>(parent_id * 0x9E37'79B9'7F4A'7C15U >> 32) & id_mask_; }
    u32 find_slot(u64 parent_id) const;
    void mark(u32 slot) {
        marks_[slot / 64] |= u64{1} << slot % 64;
        any_marked_ = true;
    }
    // Event time at which a parent wants to be looked at, whatever its book does.
    u64& due_of(const Parent& parent) { return dues_[&parent - parents_]; }
    void mark_due(u64 event_ns);
    void look(Parent& parent, Now& now);
    void pull(Parent& parent, const Now& now);
    void slice(Parent& parent, const Now& now);
    void rest(Parent& parent, const Now& now, i64 target);
    void quote(Parent& parent, const Now& now);
    void quote_side(Parent& parent, u32 which, const Now& now, u8 side, i64 price, i64 quantity);
    void place(Parent& parent, Work& work, const Now& now, u8 side, u8 terms, i64 price, i64 quantity);
    void move(Parent& parent, Work& work, const Now& now, i64 price, i64 quantity);
    void cancel(Parent& parent, Work& work, const Now& now);
    bool hand_over(Parent& parent, const Now& now, OrderIntent& intent);
    static void settle(Work& work, const Execution& execution);
    static void expect(Work& work, const Execution& execution);
    static void succeed(Work& work, i64 leaves);

    static constexpr u32 REJECTED_MAX = 8;
    static constexpr u64 NEVER = ~u64{0};

    Parent* parents_ = nullptr;
    u64* dues_ = nullptr;  // side by side, so that a look at all of them is short
    u64* marks_ = nullptr;
    u16* ids_ = nullptr;  // open addressing over parent ids: 1 + slot
    u32 id_mask_ = 0;
    u32 capacity_ = 0;
    u32 used_ = 0;
    u64 generation_ = 0;
    u64 earliest_due_ = NEVER;
    bool any_marked_ = false;
    Book* book_ = nullptr;
    Sender* sender_ = nullptr;
    Link* link_ = nullptr;
    HotStats* stats_ = nullptr;
    Memory memory_;
};

}  // namespace cws
