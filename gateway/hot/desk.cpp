#include "desk.hpp"

#include <bit>

namespace cws {

bool Desk::open(const HotConfig& config, Book& book, Sender& sender, Link& link, HotStats& stats) {
    constexpr u16 PARENTS_MAX = 4096;
    if (config.parents == 0 || config.parents > PARENTS_MAX) return false;
    capacity_ = config.parents;
    const u32 ids = std::bit_ceil(capacity_ * 2U);
    const u32 words = (capacity_ + 63) / 64;
    if (!memory_.map(capacity_ * sizeof(Parent) + (capacity_ + words) * sizeof(u64) + ids * sizeof(u16))) return false;
    parents_ = memory_.as<Parent>();
    dues_ = reinterpret_cast<u64*>(parents_ + capacity_);
    marks_ = dues_ + capacity_;
    ids_ = reinterpret_cast<u16*>(marks_ + words);
    id_mask_ = ids - 1;
    book_ = &book;
    sender_ = &sender;
    link_ = &link;
    stats_ = &stats;
    return true;
}

void Desk::mark_all() {
    for (u32 slot = 0; slot < used_; ++slot) mark(slot);
}

void Desk::mark_due(u64 event_ns) {
    earliest_due_ = NEVER;
    for (u32 slot = 0; slot < used_; ++slot) {
        const u64 due = dues_[slot];
        if (due <= event_ns) {
            mark(slot);
        } else if (due < earliest_due_) {
            earliest_due_ = due;
        }
    }
}

void Desk::act(u64 turn, u64 event_ns, u64 ts_recv_ns, bool broken) {
    if (event_ns >= earliest_due_) mark_due(event_ns);
    if (!any_marked_) return;
    any_marked_ = false;
    Now now{turn, event_ns, ts_recv_ns, broken, {}};
    // In the order of the slots, so that the same packets always give the same intents.
    for (u32 word = 0; word * 64 < used_; ++word) {
        u64 marked = marks_[word];
        marks_[word] = 0;
        for (; marked != 0; marked &= marked - 1) {
            Parent& parent = parents_[word * 64 + static_cast<u32>(std::countr_zero(marked))];
            look(parent, now);
            if (due_of(parent) < earliest_due_) earliest_due_ = due_of(parent);
        }
    }
}

bool Desk::hand_over(Parent& parent, const Now& now, OrderIntent& intent) {
    intent.parent_id = parent.set.parent_id;
    intent.ts_recv_ns = now.ts_recv_ns;
    intent.symbol = parent.set.symbol;
    intent.strategy = parent.set.strategy;
    const Refusal refusal = sender_->send(intent, now.touch);
    if (refusal == SENT) {
        bump(stats_->intents);
        return true;
    }
    bump(stats_->by_refusal[refusal]);
    // These two pass by themselves; the others wait until the book moves.
    if (refusal == RATE || refusal == RING_FULL) due_of(parent) = now.event_ns;
    return false;
}

void Desk::place(Parent& parent, Work& work, const Now& now, u8 side, u8 terms, i64 price, i64 quantity) {
    if (parent.rejected >= REJECTED_MAX) return;
    if (work.turn == now.turn) {
        // Once a packet: an order that dies at once would otherwise go round and round. One that takes waits until its
        // book moves, one that rests until the next message.
        if (terms != LIMIT_IOC) due_of(parent) = now.event_ns;
        return;
    }
    OrderIntent intent{};
    intent.price = price;
    intent.quantity = quantity;
    intent.kind = NEW;
    intent.side = side;
    intent.terms = terms;
    if (!hand_over(parent, now, intent)) return;
    work = Work{intent.order_id, 0, price, quantity, 0, 0, 0, now.turn, SENT_NEW, side};
}

void Desk::move(Parent& parent, Work& work, const Now& now, i64 price, i64 quantity) {
    if (parent.rejected >= REJECTED_MAX) return;
    if (work.turn == now.turn) {
        due_of(parent) = now.event_ns;
        return;
    }
    // Once in an instant of the market: the book shows our own last move late, and following it back would never end
    // where time waits for us.
    if (work.moved_ns == now.event_ns) {
        due_of(parent) = now.event_ns + 1;
        return;
    }
    OrderIntent intent{};
    intent.orig_order_id = work.order_id;
    intent.price = price;
    // OUCH 4.2: what the order has traded is part of the new size, so that a fill under way does not add to it.
    intent.quantity = work.traded + quantity;
    intent.kind = REPLACE;
    intent.side = work.side;
    intent.terms = POST_ONLY;
    if (!hand_over(parent, now, intent)) return;
    work.next_id = intent.order_id;
    work.next_price = price;
    work.next_quantity = quantity;
    work.turn = now.turn;
    work.moved_ns = now.event_ns;
    work.state = REPLACING;
}

void Desk::cancel(Parent& parent, Work& work, const Now& now) {
    if (work.state != LIVE || parent.rejected >= REJECTED_MAX) return;
    OrderIntent intent{};
    intent.orig_order_id = work.order_id;
    intent.kind = CANCEL;
    intent.side = work.side;
    intent.terms = POST_ONLY;
    if (!hand_over(parent, now, intent)) return;
    work.next_id = intent.order_id;
    work.state = CANCELING;
}

void Desk::cancel_strays(u64 ts_recv_ns) {
    while (const Stray* stray = link_->stray()) {
        OrderIntent intent{};
        intent.parent_id = stray->parent_id;
        intent.orig_order_id = stray->order_id;
        intent.ts_recv_ns = ts_recv_ns;
        intent.symbol = stray->symbol;
        intent.strategy = stray->strategy;
        intent.kind = CANCEL;
        intent.side = stray->side;
        intent.terms = POST_ONLY;
        const Refusal refusal = sender_->send(intent, Touch{});
        if (refusal != SENT) return bump(stats_->by_refusal[refusal]);
        bump(stats_->intents);
        link_->stray_sent();
    }
}

void Desk::execution(const Execution& execution) {
    const u32 slot = find_slot(execution.parent_id);
    if (slot == capacity_) {
        bump(stats_->unknown_executions);
        return;
    }
    bump(stats_->executions);
    Parent& parent = parents_[slot];
    mark(slot);
    if (execution.kind == FILLED || execution.kind == BROKEN) {
        const i64 shares = execution.kind == FILLED ? execution.last_qty : -execution.last_qty;
        parent.filled += shares;
        parent.position += execution.side == BUY ? shares : -shares;
    }
    const bool refused = execution.kind == REJECTED_BY_RISK || execution.kind == REJECTED_BY_VENUE ||
                         execution.kind == CANCEL_REJECTED;
    parent.rejected = refused ? parent.rejected + 1 : 0;
    if (parent.rejected == REJECTED_MAX) bump(stats_->stopped_parents);
    for (Work& work : parent.work) {
        const u64 ids[] = {execution.order_id, execution.orig_order_id};
        for (const u64 id : ids) {
            if (id == 0 || work.state == FREE || (id != work.order_id && id != work.next_id)) continue;
            settle(work, execution);
            return;
        }
    }
}

// A replacement that is in doubt stays so until something is said about it itself: were it forgotten, it would rest beside
// what comes next. What is said about a request of somebody else's leaves the order as it was.
void Desk::settle(Work& work, const Execution& execution) {
    const bool about_next = work.next_id != 0 && execution.order_id == work.next_id;
    const bool successor = !about_next && execution.orig_order_id == work.order_id;
    const bool replacing = work.state == REPLACING || (work.state == IN_DOUBT && work.next_id != 0);
    const bool lives = execution.kind == ACCEPTED || execution.kind == FILLED || execution.kind == CANCELED;
    // What happens to the replacement may overtake the word that it has replaced.
    if (about_next && replacing && lives) succeed(work, work.next_quantity);
    const bool about_order = execution.order_id == work.order_id;
    const bool unresolved = work.state == SENT_NEW || (work.state == IN_DOUBT && work.next_id == 0);
    switch (execution.kind) {
        case ACCEPTED:
            if (unresolved) work.state = LIVE;
            break;
        case CANCEL_REJECTED:
            if (!replacing || about_order || about_next) work.state = LIVE;
            break;
        case REJECTED_BY_RISK:
        case REJECTED_BY_VENUE:
        case NOT_AT_VENUE:
            // A replace or cancel that never came to be leaves the order as it was.
            if (about_order) {
                work.state = FREE;
            } else if (about_next) {
                work.state = LIVE;
            }
            break;
        case FILLED:
            work.leaves -= execution.last_qty;
            work.traded += execution.last_qty;
            if (unresolved) work.state = LIVE;
            if (work.leaves <= 0) work.state = FREE;
            break;
        case REPLACED:
            if (successor) expect(work, execution);
            if (successor || about_next) succeed(work, execution.leaves_qty);
            if (execution.order_id != work.order_id) break;
            work.leaves = execution.leaves_qty;
            if (unresolved) work.state = LIVE;
            if (work.leaves <= 0) work.state = FREE;
            break;
        case CANCELED:
            // The venue may take out a part only.
            work.leaves = execution.leaves_qty;
            if (work.leaves <= 0) work.state = FREE;
            break;
        case UNKNOWN:
            // A cancel may be asked for again.
            if (work.state == CANCELING) work.next_id = 0;
            if (successor) expect(work, execution);
            work.state = IN_DOUBT;
            break;
        default: break;
    }
    if (work.state == LIVE) work.next_id = 0;
}

// A replacement that this thread did not ask for, or no longer knows of.
void Desk::expect(Work& work, const Execution& execution) {
    work.next_id = execution.order_id;
    work.next_price = execution.price;
    work.next_quantity = execution.leaves_qty;
}

// The replacement takes the order's place, with this many shares open.
void Desk::succeed(Work& work, i64 leaves) {
    work.order_id = work.next_id;
    work.price = work.next_price;
    work.leaves = leaves;
    work.traded = 0;
    work.state = LIVE;
    work.next_id = 0;
}

}  // namespace cws
