// The selective scan on a graphics card.
//
// A warp has a channel, and a block eight channels of one group, for which B and C are read once.
// Time is walked in chunks of 256 steps, of which each lane has eight in its registers; within a
// chunk states are taken one after another. A piece of time multiplies a state by the product of
// its decays and adds something; two such pieces together are one, so that what is passed from
// lane to lane is found in five rounds.
//
// Where channels are too few for the card, the length is cut into segments of whole chunks. A
// kernel before the scan finds what each segment passes on of nothing, and each warp begins with
// what the segments before its own pass on to it. All sums have one order, whatever comes first.
#include "../common/simt.h"
#include "math.inl"

namespace {

constexpr int LANES = 32, EACH = 8, CHUNK = LANES * EACH;
constexpr int WARPS = 8, THREADS = LANES * WARPS;
constexpr uint32 ALL = 0xffffffffu;
static_assert(CHUNK == SCAN_SPAN_GPU, "states are kept between chunks");
static_assert(CHUNK == THREADS, "each thread reads a step of B and C");

template <class T, int N>
struct alignas(16) Pack {
    T values[N];
};

// Numbers of a chunk in shared memory. A lane reads and writes its eight in two packs and a thread
// its one; where they lie, neither needs a bank of memory twice at a time.
struct Row {
    Pack<float, 4> packs[CHUNK / 4];

    INLINE static int pack_of(int lane, int half) { return half * LANES + (lane ^ half * 4); }

    INLINE float& at(int step) {
        return packs[pack_of(step / EACH, step / 4 % 2)].values[step % 4];
    }

    INLINE void read(int lane, float* values) const {
        for (int half = 0; half < 2; half++) {
            const Pack<float, 4> pack = packs[pack_of(lane, half)];
            for (int i = 0; i < 4; i++) values[half * 4 + i] = pack.values[i];
        }
    }

    INLINE void write(int lane, const float* values) {
        for (int half = 0; half < 2; half++) {
            Pack<float, 4> pack;
            for (int i = 0; i < 4; i++) pack.values[i] = values[half * 4 + i];
            packs[pack_of(lane, half)] = pack;
        }
    }
};

INLINE int chunks_of(const ScanArguments& a) { return (a.length - 1) / CHUNK + 1; }

INLINE int octets_of(const ScanArguments& a) {
    return (a.channels / a.groups + WARPS - 1) / WARPS;
}

INLINE int first_chunk(const ScanArguments& a, int segment) {
    const int chunks = chunks_of(a), each = (chunks + a.segments - 1) / a.segments;
    return int(smaller(int64(segment) * each, chunks));
}

// What a thread works on: a lane's steps of one channel.
struct Place {
    const ScanArguments& a;
    int warp, lane, batch, channel;
    bool live;      // A group's last warps may have no channel.
    int64 row;      // Where a tensor [batch, channels] has the channel.
    int64 columns;  // Where a tensor [batch, groups, states, length] has a step for each thread.

    INLINE Place(const ScanArguments& a, int unit, int octet) : a(a), batch(unit / a.groups) {
        const int group = unit % a.groups, share = a.channels / a.groups;
        warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
        live = octet * WARPS + warp < share;
        channel = group * share + (live ? octet * WARPS + warp : 0);
        row = int64(batch) * a.channels + channel;
        columns = int64(unit) * a.states * a.length + threadIdx.x;
    }

    // How many of its steps in a chunk there are.
    INLINE int count(int chunk) const {
        const int64 left = a.length - int64(chunk) * CHUNK - lane * EACH;
        return live && left > 0 ? int(smaller(left, EACH)) : 0;
    }

    // Where a tensor [batch, channels, length] has the first of them.
    INLINE int64 steps(int chunk) const {
        return row * a.length + int64(chunk) * CHUNK + lane * EACH;
    }

    // Where a tensor [batch, groups, states, length] has a state in a chunk.
    INLINE int64 column(int chunk, int n) const {
        return columns + int64(n) * a.length + int64(chunk) * CHUNK;
    }

    INLINE bool has_column(int chunk) const {
        return chunk >= 0 && int64(chunk) * CHUNK + threadIdx.x < a.length;
    }

    INLINE float* start(int chunk, int n) const {
        const int64 span = int64(batch) * chunks_of(a) + chunk;
        return a.starts + (span * a.states + n) * a.channels + channel;
    }

    // What a segment passes on of nothing, of each state; after them the sum of its steps.
    INLINE float* ends(int segment) const {
        return a.work + (int64(segment) * a.batch * a.channels + row) * (a.states + 1);
    }

    INLINE float D() const { return a.D ? a.D[channel] : 0.0f; }

    INLINE float rate2(int n) const { return a.A[int64(channel) * a.states + n] * LOG2E; }

    // Whether a lane's steps begin at a multiple of 16 bytes, as tensors do.
    template <class T>
    INLINE bool aligned() const {
        return a.length % int32(16 / sizeof(T)) == 0;
    }

    template <class T>
    INLINE void read(const void* tensor, int chunk, float* values) const {
        const T* from = (const T*)tensor + steps(chunk);
        const int there = count(chunk);
        if (there == EACH && aligned<T>()) {
            const Pack<T, EACH> pack = *(const Pack<T, EACH>*)from;
            for (int i = 0; i < EACH; i++) values[i] = widened(pack.values[i]);
        } else {
            for (int i = 0; i < EACH; i++) values[i] = i < there ? widened(from[i]) : 0.0f;
        }
    }

    template <class T>
    INLINE void write(void* tensor, int chunk, const float* values) const {
        T* to = (T*)tensor + steps(chunk);
        const int there = count(chunk);
        if (there == EACH && aligned<T>()) {
            Pack<T, EACH> pack;
            for (int i = 0; i < EACH; i++) pack.values[i] = narrowed<T>(values[i]);
            *(Pack<T, EACH>*)to = pack;
        } else {
            for (int i = 0; i < EACH; i++)
                if (i < there) to[i] = narrowed<T>(values[i]);
        }
    }

    // Raw steps with their bias, and the steps. A step that is not there is 0, which leaves a
    // state as it is.
    template <class T>
    INLINE void read_steps(int chunk, float* raw, float* step) const {
        const float bias = a.bias ? a.bias[channel] : 0.0f;
        const int there = count(chunk);
        read<T>(a.delta, chunk, raw);
        for (int i = 0; i < EACH; i++) {
            raw[i] += bias;
            step[i] = i < there ? scan_step(raw[i], a.softplus) : 0.0f;
        }
    }

    // dy, z, and dy silu(z).
    template <class T>
    INLINE void read_slopes(int chunk, float* dy, float* z, float* dv) const {
        if (a.float_output)
            read<float>(a.dy, chunk, dy);
        else
            read<T>(a.dy, chunk, dy);
        if (a.z) read<T>(a.z, chunk, z);
        for (int i = 0; i < EACH; i++) dv[i] = a.z ? dy[i] * silu_of(z[i]) : dy[i];
    }
};

// What a warp keeps of each state of its channel.
struct Own {
    float rate2[SCAN_STATES], carry[SCAN_STATES], start[SCAN_STATES], drate[SCAN_STATES];
};

// Brings B, C or both to a block, one state after another: the next is on its way while one is
// computed with.
template <class T, int COUNT>
struct Feed {
    const T* from[COUNT];
    float next[COUNT];

    INLINE void fetch(const Place& place, int chunk, int n) {
        const int64 at = place.column(chunk, n);
        const bool there = place.has_column(chunk);
        for (int k = 0; k < COUNT; k++) next[k] = there ? widened(from[k][at]) : 0.0f;
    }

    // The state after one; after the last of a chunk the first of the chunk that follows.
    INLINE void fetch_after(const Place& place, int chunk, int n, int onwards) {
        const bool more = n + 1 < place.a.states;
        fetch(place, more ? chunk : chunk + onwards, more ? n + 1 : 0);
    }

    INLINE void store(Row* rows) const {
        for (int k = 0; k < COUNT; k++) rows[k].at(threadIdx.x) = next[k];
    }
};

INLINE float sum_of_lanes(float value) {
    for (int by = LANES / 2; by; by /= 2) value += __shfl_xor_sync(ALL, value, by);
    return value;
}

INLINE float sum_of(const float* values) {
    float sum = 0;
    for (int i = 0; i < EACH; i++) sum += values[i];
    return sum;
}

// From the lane before, with BACK from the lane after.
template <bool BACK>
INLINE float moved(float value, int by) {
    return BACK ? __shfl_down_sync(ALL, value, by) : __shfl_up_sync(ALL, value, by);
}

// What the steps of a lane make of a state; with BACK, of the gradient that is passed to them.
template <bool BACK>
INLINE float passed(float state, const float* decay, const float* added, const float* weight) {
    for (int i = 0; i < EACH; i++) {
        const int t = BACK ? EACH - 1 - i : i;
        const float more = added[t] * weight[t];
        state = BACK ? decay[t] * (state + more) : decay[t] * state + more;
    }
    return state;
}

// What is passed to the steps of a lane, `carry` being what is passed to the first lane. After that
// it is what the last lane passes on. `whole` is the product of the lane's decays.
template <bool BACK>
INLINE float entering(
    int lane, float& carry, float whole, const float* decay, const float* added,
    const float* weight) {
    const int rank = BACK ? LANES - 1 - lane : lane;
    const float begun = rank == 0 ? carry : 0.0f;
    float state = passed<BACK>(begun, decay, added, weight);
    for (int by = 1; by < LANES; by *= 2) {
        const float before = moved<BACK>(state, by), decays = moved<BACK>(whole, by);
        if (rank >= by) {
            state += whole * before;
            whole *= decays;
        }
    }
    if (rank == LANES - 1) carry = state;
    const float before = moved<BACK>(state, 1);
    return rank == 0 ? begun : before;
}

// What is passed to a segment by those before it, with BACK by those after it.
template <bool BACK>
INLINE float entering_segment(const Place& place, int segment, int n) {
    const ScanArguments& a = place.a;
    const float rate2 = place.rate2(n);
    float state = BACK ? a.dlast[place.row * a.states + n] : 0.0f;
    for (int j = BACK ? a.segments - 1 : 0; j != segment; j += BACK ? -1 : 1) {
        const float* ends = place.ends(j);
        state = scan_decay(ends[a.states], rate2) * state + ends[n];
    }
    return state;
}

// What each segment but the last passes on of nothing; with BACK, each but the first.
template <class T, bool BACK>
INLINE void find_ends(const ScanArguments& a) {
    SHARED(Row[2][1], tiles);
    SHARED(Own[WARPS], owns);
    const int octets = octets_of(a), segment = blockIdx.y + BACK;
    const Place place(a, blockIdx.x / octets, blockIdx.x % octets);
    const int first = first_chunk(a, segment), count = first_chunk(a, segment + 1) - first;
    Own& own = owns[place.warp];
    for (int n = place.lane; n < a.states; n += LANES) {
        own.rate2[n] = place.rate2(n);
        own.carry[n] = 0;
    }
    Feed<T, 1> feed{{(const T*)(BACK ? a.C : a.B)}};
    feed.fetch(place, BACK ? first + count - 1 : first, 0);
    feed.store(tiles[0]);
    __syncthreads();
    float sum = 0;
    for (int i = 0, turn = 0; i < count; i++) {
        const int chunk = BACK ? first + count - 1 - i : first + i;
        float raw[EACH], step[EACH], added[EACH], z[EACH];
        place.read_steps<T>(chunk, raw, step);
        place.read<T>(a.u, chunk, added);
        for (int t = 0; t < EACH; t++) added[t] *= step[t];
        if (BACK) place.read_slopes<T>(chunk, raw, z, added);
        const float steps = sum_of(step);
        sum += steps;
        for (int n = 0; n < a.states; n++, turn ^= 1) {
            feed.fetch_after(place, chunk, n, BACK ? -1 : 1);
            const float rate2 = own.rate2[n];
            float decay[EACH], weight[EACH];
            tiles[turn][0].read(place.lane, weight);
            for (int t = 0; t < EACH; t++) decay[t] = scan_decay(step[t], rate2);
            entering<BACK>(
                place.lane, own.carry[n], scan_decay(steps, rate2), decay, added, weight);
            feed.store(tiles[turn ^ 1]);
            __syncthreads();
        }
    }
    sum = sum_of_lanes(sum);
    if (!place.live) return;
    float* ends = place.ends(segment);
    for (int n = place.lane; n < a.states; n += LANES) ends[n] = own.carry[n];
    if (place.lane == 0) ends[a.states] = sum;
}

template <class T>
INLINE void forward(const ScanArguments& a) {
    SHARED(Row[2][2], tiles);
    SHARED(Own[WARPS], owns);
    const int octets = octets_of(a), segment = blockIdx.y;
    const Place place(a, blockIdx.x / octets, blockIdx.x % octets);
    const int lane = place.lane;
    const int first = first_chunk(a, segment), end = first_chunk(a, segment + 1);
    Own& own = owns[place.warp];
    for (int n = lane; n < a.states; n += LANES) {
        own.rate2[n] = place.rate2(n);
        own.carry[n] = entering_segment<false>(place, segment, n);
    }
    Feed<T, 2> feed{{(const T*)a.B, (const T*)a.C}};
    feed.fetch(place, first, 0);
    feed.store(tiles[0]);
    __syncthreads();
    for (int chunk = first, turn = 0; chunk < end; chunk++) {
        float raw[EACH], step[EACH], drive[EACH], y[EACH];
        place.read_steps<T>(chunk, raw, step);
        place.read<T>(a.u, chunk, drive);
        if (place.live)
            for (int n = lane; n < a.states; n += LANES) *place.start(chunk, n) = own.carry[n];
        const float steps = sum_of(step), D = place.D();
        for (int t = 0; t < EACH; t++) {
            y[t] = D * drive[t];
            drive[t] *= step[t];
        }
        for (int n = 0; n < a.states; n++, turn ^= 1) {
            feed.fetch_after(place, chunk, n, 1);
            const float rate2 = own.rate2[n];
            float decay[EACH], b[EACH], c[EACH];
            tiles[turn][0].read(lane, b);
            tiles[turn][1].read(lane, c);
            for (int t = 0; t < EACH; t++) decay[t] = scan_decay(step[t], rate2);
            float h = entering<false>(
                lane, own.carry[n], scan_decay(steps, rate2), decay, drive, b);
            for (int t = 0; t < EACH; t++) {
                h = decay[t] * h + drive[t] * b[t];
                y[t] += h * c[t];
            }
            feed.store(tiles[turn ^ 1]);
            __syncthreads();
        }
        if (a.z) {
            place.read<T>(a.z, chunk, raw);
            for (int t = 0; t < EACH; t++) y[t] *= silu_of(raw[t]);
        }
        if (a.float_output)
            place.write<float>(a.y, chunk, y);
        else
            place.write<T>(a.y, chunk, y);
    }
    if (place.live && segment == a.segments - 1)
        for (int n = lane; n < a.states; n += LANES)
            a.last[place.row * a.states + n] = own.carry[n];
}

// What a block shares on its way back.
struct Back {
    Row tiles[2][2], sums[2][2][WARPS];
    Own owns[WARPS];
    float dD[THREADS], dbias[THREADS];
};

// Adds up what the warps found for a step of B or C. What the block found before, of other
// channels, is in memory.
INLINE void add_sums(Row* sums, float* to, bool there, bool fresh) {
    float sum = 0;
    for (int warp = 0; warp < WARPS; warp++) sum += sums[warp].at(threadIdx.x);
    if (there) *to = fresh ? sum : *to + sum;
}

template <class T>
INLINE void retreat(const Place& place, int segment, int64 apart, bool fresh, Back& block) {
    const ScanArguments& a = place.a;
    const int lane = place.lane;
    const int first = first_chunk(a, segment), end = first_chunk(a, segment + 1);
    Own& own = block.owns[place.warp];
    for (int n = lane; n < a.states; n += LANES) {
        own.rate2[n] = place.rate2(n);
        own.carry[n] = entering_segment<true>(place, segment, n);
        own.drate[n] = 0;
    }
    block.dD[threadIdx.x] = block.dbias[threadIdx.x] = 0;
    Feed<T, 2> feed{{(const T*)a.B, (const T*)a.C}};
    feed.fetch(place, end - 1, 0);
    feed.store(block.tiles[0]);
    __syncthreads();
    for (int chunk = end - 1, turn = 0; chunk >= first; chunk--) {
        float raw[EACH], u[EACH], dy[EACH], z[EACH];
        float step[EACH], drive[EACH], dv[EACH], v[EACH], driven[EACH] = {}, dstep2[EACH] = {};
        place.read_steps<T>(chunk, raw, step);
        place.read<T>(a.u, chunk, u);
        place.read_slopes<T>(chunk, dy, z, dv);
        // For lane 0, whose own is the first; a barrier comes before it reads the second.
        for (int n = lane; n < a.states; n += LANES) own.start[n] = *place.start(chunk, n);
        const float steps = sum_of(step), D = place.D();
        for (int t = 0; t < EACH; t++) {
            drive[t] = step[t] * u[t];
            v[t] = D * u[t];
        }
        for (int n = 0; n < a.states; n++, turn ^= 1) {
            feed.fetch_after(place, chunk, n, -1);
            const float rate2 = own.rate2[n], whole = scan_decay(steps, rate2);
            float decay[EACH], b[EACH], c[EACH], before[EACH], sum[EACH], drate = 0;
            block.tiles[turn][0].read(lane, b);
            block.tiles[turn][1].read(lane, c);
            for (int t = 0; t < EACH; t++) decay[t] = scan_decay(step[t], rate2);
            float start = lane == 0 ? own.start[n] : 0.0f;
            float h = entering<false>(lane, start, whole, decay, drive, b);
            for (int t = 0; t < EACH; t++) {
                before[t] = h;
                h = decay[t] * h + drive[t] * b[t];
                v[t] += h * c[t];
                sum[t] = dv[t] * h;
            }
            block.sums[turn][1][place.warp].write(lane, sum);
            float g = entering<true>(lane, own.carry[n], whole, decay, dv, c);
            block.tiles[turn][0].read(lane, b);  // Again: registers are too few to keep it.
            for (int t = EACH - 1; t >= 0; t--) {
                g += dv[t] * c[t];
                scan_gradients(
                    g, before[t], decay[t], step[t], rate2, b[t], driven[t], dstep2[t], drate);
                sum[t] = g * drive[t];
                g *= decay[t];
            }
            block.sums[turn][0][place.warp].write(lane, sum);
            drate = sum_of_lanes(drate);
            if (lane == 0) own.drate[n] += drate;
            feed.store(block.tiles[turn ^ 1]);
            __syncthreads();
            const int64 at = apart + place.column(chunk, n);
            add_sums(block.sums[turn][0], a.dB + at, place.has_column(chunk), fresh);
            add_sums(block.sums[turn][1], a.dC + at, place.has_column(chunk), fresh);
        }
        // What is read again here would take too many registers on the way.
        const float skip = place.D();
        float dD = 0, dbias = 0;
        place.read<T>(a.u, chunk, u);
        for (int t = 0; t < EACH; t++) {
            dD += dv[t] * u[t];
            dstep2[t] = dstep2[t] * LN2 + u[t] * driven[t];
            driven[t] = step[t] * driven[t] + skip * dv[t];
        }
        place.write<T>(a.du, chunk, driven);
        place.read_steps<T>(chunk, raw, step);
        for (int t = 0; t < EACH; t++) {
            dstep2[t] = scan_step_gradient(dstep2[t], raw[t], a.softplus);
            dbias += t < place.count(chunk) ? dstep2[t] : 0.0f;
        }
        block.dD[threadIdx.x] += dD;
        block.dbias[threadIdx.x] += dbias;
        place.write<T>(a.ddelta, chunk, dstep2);
        if (!a.z) continue;
        place.read_slopes<T>(chunk, dy, z, dv);
        for (int t = 0; t < EACH; t++) v[t] *= dy[t] * silu_slope(z[t]);
        place.write<T>(a.dz, chunk, v);
    }
    const float dD = sum_of_lanes(block.dD[threadIdx.x]);
    const float dbias = sum_of_lanes(block.dbias[threadIdx.x]);
    if (!place.live) return;
    const int64 at = int64(segment) * a.batch * a.channels + place.row;
    for (int n = lane; n < a.states; n += LANES) a.dA[at * a.states + n] = own.drate[n];
    if (a.dD && lane == 0) a.dD[at] = dD;
    if (a.dbias && lane == 0) a.dbias[at] = dbias;
}

template <class T>
INLINE void backward(const ScanArguments& a) {
    SHARED(Back, block);
    const int part = blockIdx.x % a.parts, unit = blockIdx.x / a.parts;
    const int octets = octets_of(a), from = octets * part / a.parts;
    const int to = octets * (part + 1) / a.parts;
    const int64 whole = int64(a.batch) * a.groups * a.states * a.length;
    for (int octet = from; octet < to; octet++)
        retreat<T>(Place(a, unit, octet), blockIdx.y, part * whole, octet == from, block);
}

}  // namespace

#define SCAN_KERNEL(stage, suffix) \
    KERNEL_BESIDE(labsight_selective_scan_##stage##_##suffix, THREADS, 2, ScanArguments)
#define SCAN_KERNELS(T, suffix)                                        \
    SCAN_KERNEL(forward_ends, suffix) { find_ends<T, false>(a); }      \
    SCAN_KERNEL(forward, suffix) { forward<T>(a); }                    \
    SCAN_KERNEL(backward_ends, suffix) { find_ends<T, true>(a); }      \
    SCAN_KERNEL(backward, suffix) { backward<T>(a); }

SCAN_KERNELS(float, f32)
SCAN_KERNELS(Half, f16)
SCAN_KERNELS(Brain, bf16)
