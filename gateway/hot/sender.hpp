// The last steps before shared memory: own pre-check, order id, one record into the ring.
#pragma once

#include "hot_abi.hpp"

namespace cws {

// A token bucket on the packet clock: `rate` a second, `burst` at once.
class Bucket {
public:
    void open(u64 rate_per_s, u64 burst) {
        cost_ns_ = 1'000'000'000 / rate_per_s;
        depth_ns_ = cost_ns_ * burst;
    }
    // The bucket is full when `full_at_` has passed; each token moves it on by its cost.
    bool ready(u64 now_ns) const { return full_at_ + cost_ns_ <= now_ns + depth_ns_; }
    void take(u64 now_ns) { full_at_ = (full_at_ > now_ns ? full_at_ : now_ns) + cost_ns_; }

private:
    u64 cost_ns_ = 1;
    u64 depth_ns_ = 1;
    u64 full_at_ = 0;
};

// Best prices of a symbol in 1e-9; 0 where there is none.
struct Touch {
    i64 bid;
    i64 ask;
};

class Sender {
public:
    bool open(const HotConfig& config, u8* head, u8* records, u64 capacity) {
        const bool fits = config.region >= 'A' && config.region <= 'Z' && config.epoch <= EPOCH_MAX &&
                          config.next_counter >= 1 && config.next_counter <= COUNTER_MAX && config.max_quantity >= 1 &&
                          config.collar_ppm >= 0 && config.collar_ppm <= 1'000'000 && config.rate_per_s >= 1 &&
                          config.rate_per_s <= 1'000'000'000 && config.burst >= 1 && config.burst <= 1'000'000'000;
        if (!fits || head == nullptr || records == nullptr || capacity == 0) return false;
        head_ = reinterpret_cast<u64*>(head);
        records_ = reinterpret_cast<OrderIntent*>(records);
        capacity_ = capacity;
        next_counter_ = config.next_counter;
        identity_ = u64{config.region} << 56 | u64{config.epoch} << 40;
        max_quantity_ = config.max_quantity;
        collar_ppm_ = config.collar_ppm;
        bucket_.open(config.rate_per_s, config.burst);
        return true;
    }
    // From the slow path: the consumer's cursor, once there is one.
    void attach(const u8* cursor) { __atomic_store_n(&cursor_, reinterpret_cast<const u64*>(cursor), __ATOMIC_RELEASE); }

    // Fills in seq, order id and version and hands the record over. A cancel is stopped by a full ring alone.
    Refusal send(OrderIntent& intent, const Touch& touch) {
        const Refusal refusal = check(intent, touch);
        if (refusal != SENT) return refusal;
        const u64 head = *head_;
        intent.seq = head + 1;
        intent.order_id = identity_ | next_counter_;
        intent.version = INTENT_VERSION;
        ++next_counter_;
        if (intent.kind != CANCEL) bucket_.take(intent.ts_recv_ns);
        records_[head & (capacity_ - 1)] = intent;
        __atomic_store_n(head_, head + 1, __ATOMIC_RELEASE);
        return SENT;
    }
    u64 next_counter() const { return next_counter_; }

private:
    static constexpr u16 EPOCH_MAX = 46'655;
    static constexpr u64 COUNTER_MAX = (u64{1} << 40) - 1;

    Refusal check(const OrderIntent& intent, const Touch& touch) const {
        if (intent.kind != CANCEL) {
            if (intent.quantity < 1 || intent.quantity > max_quantity_) return QUANTITY;
            const i64 low = touch.bid != 0 ? touch.bid : touch.ask;
            const i64 high = touch.ask != 0 ? touch.ask : touch.bid;
            if (low <= 0) return NO_TOUCH;
            // A price is at most 2e14 and a collar 1e6: the products need more than 64 bits.
            const i128 scaled = i128{intent.price} * 1'000'000;
            if (intent.price <= 0 || scaled < i128{low} * (1'000'000 - collar_ppm_) ||
                scaled > i128{high} * (1'000'000 + collar_ppm_)) {
                return COLLAR;
            }
            if (!bucket_.ready(intent.ts_recv_ns)) return RATE;
        }
        const u64* cursor = __atomic_load_n(&cursor_, __ATOMIC_ACQUIRE);
        const u64 head = *head_;
        u64 tail = cursor == nullptr ? 0 : __atomic_load_n(cursor, __ATOMIC_ACQUIRE);
        // A consumer that lies about the future is held at head.
        if (tail > head) tail = head;
        if (head - tail >= capacity_) return RING_FULL;
        return next_counter_ > COUNTER_MAX ? IDS_USED_UP : SENT;
    }

    u64* head_ = nullptr;
    OrderIntent* records_ = nullptr;
    const u64* cursor_ = nullptr;
    u64 capacity_ = 0;
    u64 next_counter_ = 1;
    u64 identity_ = 0;
    i64 max_quantity_ = 0;
    i64 collar_ppm_ = 0;
    Bucket bucket_;
};

}  // namespace cws
