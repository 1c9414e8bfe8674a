// The thread's body: sockets, waiting, pinning. All decisions are in step().
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hot.hpp"

namespace cws {

namespace {

u64 realtime_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

// Rounds without work before the next gear; `process::waiting` has the same.
constexpr u32 SPINS = 2'000;
constexpr u32 YIELDS = 200;
// Rounds without work from one look at every socket to the next.
constexpr u32 SELDOM = 8;

// Fewer cores than loops that wait: the awaited one may need this very core.
bool crowded(const HotSockets& sockets) { return ::sysconf(_SC_NPROCESSORS_ONLN) < sockets.spinners; }

// As `process::waiting`, with poll for a nap: spins where there are cores enough, then yields, then sleeps in poll.
class Waiter {
public:
    explicit Waiter(const HotSockets& sockets)
        : poll_ms_(static_cast<int>(sockets.poll_ms)), awake_ns_(static_cast<u64>(sockets.awake_ns)) {
        spins_ = crowded(sockets) ? 0 : SPINS;
        yields_ = YIELDS;
    }
    // True after a sleep.
    bool wait(bool any, u64 now_ns, pollfd* sockets, nfds_t count) {
        if (any) {
            idle_ = 0;
            worked_ns_ = now_ns;
            return false;
        }
        ++idle_;
        if (idle_ <= spins_) {
            __builtin_ia32_pause();
            return false;
        }
        if (idle_ <= spins_ + yields_ || now_ns - worked_ns_ < awake_ns_) {
            ::sched_yield();
            return false;
        }
        ::poll(sockets, count, poll_ms_);
        idle_ = 0;
        return true;
    }

private:
    int poll_ms_;
    u64 awake_ns_ = 0;
    u64 worked_ns_ = 0;
    u32 spins_ = 0;
    u32 yields_ = 0;
    u32 idle_ = 0;
};

// Which sockets a round looks at. Each look is a system call, and the packet that is awaited waits for it: while nothing
// comes, only the feed that led last is looked at. Whatever is lost there, or when it falls silent, the other feed is at
// most SELDOM rounds late; after work, after a sleep and while a message is missing every socket is looked at.
class Attention {
public:
    void begin(bool missing) {
        all_ = leader_ == NONE || ++rounds_ >= SELDOM || missing;
        if (all_) rounds_ = 0;
    }
    bool looks_at(u32 place) const { return all_ || place == leader_; }
    void led(u32 place) { leader_ = place; }
    void all_next() { rounds_ = SELDOM; }

private:
    static constexpr u32 NONE = ~0U;
    u32 leader_ = NONE;
    u32 rounds_ = 0;
    bool all_ = true;
};

int pin(i64 core) {
    if (core < 0) return 0;
    if (core >= CPU_SETSIZE) return EINVAL;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    return ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

}  // namespace

struct HotState::Receiver {
    int socket;
    u32 source;
};

// Up to a burst of packets from one socket.
i64 HotState::receive(const Receiver& receiver, bool& any) {
    constexpr u32 BURST = 16;
    for (u32 i = 0; i < BURST; ++i) {
        const ssize_t length = ::recv(receiver.socket, datagram_, sizeof datagram_, MSG_DONTWAIT);
        if (length < 0) {
            const int failure = errno;
            // A retransmission server that is not there yet refuses; it is asked again.
            const bool passing = failure == EAGAIN || failure == EWOULDBLOCK || failure == EINTR || failure == ECONNREFUSED;
            return passing ? 0 : failure;
        }
        const u64 received_ns = realtime_ns();
        any = true;
        const u32 size = static_cast<u32>(length);
        if (step(datagram_, size, received_ns) != 0) {
            note_latency(received_ns);
            handed_over();
        }
        if (!link_.tap(datagram_, size, receiver.source, received_ns)) bump(stats_.tap_dropped);
    }
    return 0;
}

// As `process::waiting`: risk may wait for this very core, and has the intent in hand before this thread goes on.
void HotState::handed_over() const {
    if (crowded_) ::sched_yield();
}

void HotState::note_latency(u64 received_ns) {
    const u64 now = realtime_ns();
    const u64 took = now > received_ns + 4 ? now - received_ns : 4;
    const u32 power = 63 - static_cast<u32>(__builtin_clzll(took));
    const u32 bucket = (power - 2) * 4 + static_cast<u32>(took >> (power - 2) & 3) + 8;
    bump(stats_.latency[bucket < 128 ? bucket : 127]);
}

// One request for a gap at a time: again when the gap moved or the interval is over.
bool HotState::request_missing(i64 socket, u64 now_ns) {
    if (socket < 0 || !arbiter_.open_gap()) return false;
    const HotGap gap = arbiter_.gap();
    const bool same = gap.from == asked_from_;
    if (same && now_ns >= asked_ns_ && now_ns - asked_ns_ < config_.request_interval_ns) return false;
    u8 request[mold::Request::length];
    mold::write_request(request, gap.session, gap.from, gap.count);
    asked_from_ = gap.from;
    asked_ns_ = now_ns;
    bump(stats_.requests);
    return ::send(static_cast<int>(socket), request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof request;
}

i64 HotState::run(const HotSockets& sockets) {
    if (const int failure = pin(sockets.core); failure != 0) return failure;
    Receiver receivers[3];
    pollfd polled[3];
    u32 count = 0;
    const i64 sources[] = {sockets.feed_a, sockets.feed_b, sockets.request};
    for (u32 source = 0; source < 3; ++source) {
        if (sources[source] < 0) continue;
        receivers[count].socket = static_cast<int>(sources[source]);
        receivers[count].source = source;
        polled[count] = pollfd{receivers[count].socket, POLLIN, 0};
        ++count;
    }
    Waiter waiter(sockets);
    Attention attention;
    crowded_ = crowded(sockets);
    while (!link_.stopping()) {
        bool any = false;
        attention.begin(arbiter_.open_gap());
        for (u32 i = 0; i < count; ++i) {
            if (!attention.looks_at(i)) continue;
            const u64 next = arbiter_.next();
            if (const i64 failure = receive(receivers[i], any); failure != 0) return failure;
            // What was asked for again is no feed.
            if (arbiter_.next() != next && receivers[i].source != RETRANSMITTED) attention.led(i);
        }
        any |= take_executions();
        const u64 now_ns = any && gap_since_ == 0 ? ts_recv_ns_ : realtime_ns();
        if (idle(now_ns) != 0) handed_over();
        request_missing(sockets.request, now_ns);
        if (waiter.wait(any, now_ns, polled, count) || any) attention.all_next();
    }
    return 0;
}

}  // namespace cws
