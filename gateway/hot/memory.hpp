// All memory is mapped once, at construction; the hot code never asks for more.
#pragma once

#include <cstddef>
#include <sys/mman.h>

namespace cws {

constexpr std::size_t HUGE_PAGE = std::size_t{2} << 20;

// A zeroed mapping that asks for huge pages and is present before first use, so that no packet pays for a page fault.
// Null start where the kernel refuses.
class Memory {
public:
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        if (start_ != nullptr) ::munmap(start_, length_);
    }

    bool map(std::size_t bytes) {
        length_ = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
        void* start = ::mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) return false;
        start_ = start;
        const auto address = reinterpret_cast<std::size_t>(start);
        aligned_ = reinterpret_cast<void*>((address + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
        const std::size_t used = length_ - HUGE_PAGE;
        ::madvise(aligned_, used, MADV_HUGEPAGE);
        // An older kernel does not know MADV_POPULATE_WRITE; then the first use pays.
        constexpr int POPULATE_WRITE = 23;
        ::madvise(aligned_, used, POPULATE_WRITE);
        return true;
    }

    // Takes over another's mapping, which is empty afterwards; this one is empty before.
    void take(Memory& other) {
        start_ = other.start_;
        aligned_ = other.aligned_;
        length_ = other.length_;
        other.start_ = nullptr;
    }

    template <typename T>
    T* as() const {
        return static_cast<T*>(aligned_);
    }

private:
    void* start_ = nullptr;
    void* aligned_ = nullptr;
    std::size_t length_ = 0;
};

}  // namespace cws
