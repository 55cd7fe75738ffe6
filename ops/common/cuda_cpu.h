// Runs an unmodified kernel.cu on a processor, for tests: `g++ -include cuda_cpu.h kernel.cu`.
//
// Every thread of a block is a fiber, and blocks run one after another. Fibers change places where
// threads wait for one another and nowhere else; who comes first is drawn from a seed. Warps have
// priorities, drawn anew from time to time, so that some run as far ahead as barriers let them and
// others starve ("A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS
// 2010): a fair order misses most missing barriers.
//
// Shared memory is new and full of NaN for each block. Threads that wait for what cannot come end
// the launch with an error. What a card does beyond that is not here: threads that run at once,
// memory that becomes visible late.
//
// Linked with cuda_driver.cpp it is a CUDA driver that has just these kernels.
#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

struct dim3 {
    unsigned x, y, z;
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

#define KERNEL(name, most, Arguments)                                                         \
    static void name##_body(const Arguments);                                                 \
    [[maybe_unused]] static const bool name##_is_known = shim::add(                           \
        #name,                                                                                \
        {[](const void* a) { name##_body(*(const Arguments*)a); }, sizeof(Arguments), most}); \
    static void name##_body(const Arguments a)
#define KERNEL_BESIDE(name, most, blocks, Arguments) KERNEL(name, most, Arguments)
#define SHARED(Type, name)              \
    static const char name##_place = 0; \
    auto& name = *(shim::Self<Type>*)shim::shared_memory(&name##_place, sizeof(Type))
#define DYNAMIC_SHARED(Type, name) auto* const name = (Type*)shim::dynamic.get()

namespace shim {

constexpr unsigned LANES = 32, MOST_THREADS = 1024;
constexpr size_t STACK = 128 << 10;
constexpr unsigned USUAL_SHARED = 48 << 10;

template <class T>
using Self = T;

struct Kernel {
    void (*run)(const void* arguments);
    size_t size;                     // Of the arguments.
    unsigned most;                   // Threads of a block.
    unsigned shared = USUAL_SHARED;  // Bytes of dynamic memory, at most.
};

// Something that runs: a fiber, or whoever called the driver.
struct Runner {
    jmp_buf registers;
    bool begun;
    // What AddressSanitizer knows of its stack.
    void* fake;
    const void* bottom;
    size_t size;
};

struct Thread : Runner {
    dim3 index;
    unsigned number;
    const char* waits;  // For what; null while it can run.
    int line;
    uint32_t mask, source, votes;
    uint64_t given, taken;
};

inline const char ENDED[] = "the end", BARRIER[] = "__syncthreads";

inline std::map<std::string, Kernel> kernels;
inline std::mutex launching;
inline uint64_t seed;
inline std::string fault;  // What was wrong with the last launch that failed.

inline const Kernel* running;
inline const void* arguments;
inline std::map<const void*, std::unique_ptr<char[]>> shared;
inline std::unique_ptr<char[]> dynamic;

inline Runner caller, *left;  // `left` by the last change of places.
inline Thread threads[MOST_THREADS], *current;
inline std::unique_ptr<char[]> stacks;

inline unsigned count, warps;
inline unsigned order[LANES];  // Warps by priority.
inline uint32_t ready[LANES];  // Lanes of each warp that can run.
inline unsigned first_lane, patience;

inline bool add(const char* name, Kernel kernel) { return kernels.emplace(name, kernel).second; }

// splitmix64.
inline unsigned drawn(unsigned below) {
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return unsigned((z ^ z >> 31) >> 32) % below;
}

inline void shuffle(unsigned* values, unsigned size) {
    for (; size > 1; size--) std::swap(values[size - 1], values[drawn(size)]);
}

inline std::unique_ptr<char[]> poisoned(size_t size) {
    std::unique_ptr<char[]> fresh(new char[size]);
    memset(fresh.get(), 0xff, size);
    return fresh;
}

inline void* shared_memory(const void* place, size_t size) {
    auto& found = shared[place];
    if (!found) found = poisoned(size);
    return found.get();
}

inline void arrive(Runner& here) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(here.fake, &left->bottom, &left->size);
#endif
    if (&here != &caller) current = (Thread*)&here, threadIdx = current->index;
}

inline void fiber();

inline void begin(Thread& thread) {
    thread.begun = true, current = &thread;
    static ucontext_t context;  // Not on a stack that is left for good.
    getcontext(&context);
    context.uc_stack.ss_sp = (void*)thread.bottom, context.uc_stack.ss_size = thread.size;
    makecontext(&context, fiber, 0);
    setcontext(&context);
}

// longjmp is twenty times as fast as swapcontext, which calls the system.
inline void change(Runner& from, Runner& to) {
    left = &from;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from.fake, to.bottom, to.size);
#endif
    if (!_setjmp(from.registers)) {
        if (to.begun) _longjmp(to.registers, 1);
        begin((Thread&)to);
    }
    arrive(from);
}

inline void draw_priorities() {
    shuffle(order, warps);
    first_lane = drawn(LANES);
}

inline Runner& next() {
    if (!drawn(patience)) draw_priorities();
    for (unsigned i = 0; i < warps; i++)
        if (const uint32_t lanes = ready[order[i]]) {
            const uint64_t turned = (uint64_t(lanes) << LANES | lanes) >> first_lane;
            const unsigned lane = (__builtin_ctzll(turned) + first_lane) % LANES;
            return threads[order[i] * LANES + lane];
        }
    return caller;
}

inline void go_on() {
    Thread& self = *current;
    Runner& other = next();
    if (&other != &self) change(self, other);
}

// Ends the launch: nothing that runs in it is ever gone on with.
[[noreturn]] inline void fail(const std::string& why) {
    fault = why;
    change(*current, caller);
    __builtin_unreachable();
}

inline int lane() { return current->number % LANES; }

inline Thread& lane_of(const Thread& thread, unsigned i) {
    return threads[thread.number / LANES * LANES + i];
}

inline void wait_for(Thread& thread, const char* what, int line) {
    thread.waits = what, thread.line = line;
    ready[thread.number / LANES] &= ~(1u << thread.number % LANES);
}

inline void release(Thread& thread) {
    thread.waits = nullptr;
    ready[thread.number / LANES] |= 1u << thread.number % LANES;
}

// Waits for all lanes of a mask at the same place, and then gives each what its source brought.
inline Thread& meet(const char* what, int line, uint32_t mask, uint32_t source, uint64_t given) {
    Thread& self = *current;
    if (!(mask >> lane() & 1) || !(mask >> source & 1))
        fail(std::string(what) + " outside its mask in line " + std::to_string(line));
    wait_for(self, what, line);
    self.mask = mask, self.source = source, self.given = given;
    uint32_t votes = 0;
    bool all = true;
    for (unsigned i = 0; i < LANES && all; i++)
        if (mask >> i & 1) {
            const Thread& other = lane_of(self, i);
            all = other.waits == what && other.line == line && other.mask == mask;
            votes |= uint32_t(other.given != 0) << i;
        }
    for (unsigned i = 0; i < LANES && all; i++)
        if (mask >> i & 1) {
            Thread& other = lane_of(self, i);
            other.taken = lane_of(self, other.source).given, other.votes = votes;
            release(other);
        }
    go_on();
    return self;
}

template <class T>
T taken(const char* what, int line, uint32_t mask, uint32_t source, T value) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "a shuffle");
    uint64_t given = 0;
    memcpy(&given, &value, sizeof(T));
    given = meet(what, line, mask, source, given).taken;
    memcpy(&value, &given, sizeof(T));
    return value;
}

inline void fiber() {
    for (arrive(*current);;) {
        running->run(arguments);
        wait_for(*current, ENDED, 0);
        go_on();
    }
}

inline std::string told(const Thread& thread) {
    const std::string where = thread.line ? " in line " + std::to_string(thread.line) : "";
    return "thread " + std::to_string(thread.number) + " waits at " + thread.waits + where;
}

// Says which threads wait for one another in vain, if any do.
inline std::string stuck() {
    const auto waiting = std::find_if(
        threads, threads + count, [](const Thread& each) { return each.waits != ENDED; });
    if (waiting == threads + count) return "";
    const auto other = std::find_if(threads, threads + count, [=](const Thread& each) {
        return each.waits != waiting->waits || each.line != waiting->line;
    });
    return told(*waiting) + (other == threads + count ? "" : ", " + told(*other));
}

inline dim3 place_in(dim3 sides, unsigned i) {
    return {i % sides.x, i / sides.x % sides.y, i / sides.x / sides.y};
}

inline void run_block(unsigned bytes) {
    for (unsigned i = 0; i < warps * LANES; i++) {
        Thread& thread = threads[i];
        thread.number = i, thread.bottom = stacks.get() + i * STACK, thread.size = STACK;
        thread.index = place_in(blockDim, i);
        wait_for(thread, ENDED, 0);
        if (i < count) release(thread);
    }
    patience = 8u << 3 * drawn(4);
    draw_priorities();
    shared.clear();
    dynamic = poisoned(bytes);
    change(caller, next());
    if (fault.empty()) fault = stuck();
}

// Runs a kernel and returns whether nothing was wrong.
inline bool run(const Kernel& kernel, dim3 grid, dim3 block, unsigned bytes, const void* given) {
    const std::lock_guard<std::mutex> alone(launching);
    if (!stacks) stacks.reset(new char[MOST_THREADS * STACK]);
    running = &kernel, arguments = given, caller.begun = true;
    gridDim = grid, blockDim = block;
    count = block.x * block.y * block.z, warps = (count + LANES - 1) / LANES;
    for (unsigned i = 0; i < warps; i++) order[i] = i;
    std::vector<unsigned> blocks(size_t(grid.x) * grid.y * grid.z);
    for (size_t i = 0; i < blocks.size(); i++) blocks[i] = i;
    shuffle(blocks.data(), blocks.size());
    fault.clear();
    for (const unsigned i : blocks) {
        blockIdx = place_in(grid, i);
        run_block(bytes);
        if (!fault.empty()) break;
    }
    if (fault.empty()) return true;
    for (Thread& thread : threads) thread.begun = false;
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stacks.get(), MOST_THREADS * STACK);
#endif
    return false;
}

}  // namespace shim

inline void __syncthreads(int line = __builtin_LINE()) {
    using namespace shim;
    wait_for(*current, BARRIER, line);
    bool all = true;
    for (unsigned i = 0; i < count && all; i++)
        all = threads[i].waits == BARRIER && threads[i].line == line;
    for (unsigned i = 0; i < count && all; i++) release(threads[i]);
    go_on();
}

inline void __syncwarp(uint32_t mask = ~0u, int line = __builtin_LINE()) {
    shim::meet("__syncwarp", line, mask, shim::lane(), 0);
}

template <class T>
T __shfl_sync(uint32_t mask, T value, int from, int width = 32, int line = __builtin_LINE()) {
    const int lane = shim::lane(), first = lane & -width;
    return shim::taken("__shfl_sync", line, mask, first | (from & (width - 1)), value);
}

template <class T>
T __shfl_up_sync(
    uint32_t mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
    const unsigned lane = shim::lane(), place = lane & (width - 1);
    return shim::taken("__shfl_up_sync", line, mask, by <= place ? lane - by : lane, value);
}

template <class T>
T __shfl_down_sync(
    uint32_t mask, T value, unsigned by, int width = 32, int line = __builtin_LINE()) {
    const unsigned lane = shim::lane(), place = lane & (width - 1);
    return shim::taken(
        "__shfl_down_sync", line, mask, place + by < unsigned(width) ? lane + by : lane, value);
}

template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int bits, int width = 32, int line = __builtin_LINE()) {
    const int lane = shim::lane(), from = lane ^ bits;
    return shim::taken(
        "__shfl_xor_sync", line, mask, from < (lane & -width) + width ? from : lane, value);
}

inline uint32_t __ballot_sync(uint32_t mask, int chosen, int line = __builtin_LINE()) {
    return shim::meet("__ballot_sync", line, mask, shim::lane(), chosen != 0).votes;
}

inline int __any_sync(uint32_t mask, int chosen, int line = __builtin_LINE()) {
    return shim::meet("__any_sync", line, mask, shim::lane(), chosen != 0).votes != 0;
}
