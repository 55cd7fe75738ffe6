// The selective scan on a processor: lanes are channels, states are taken in blocks that stay in
// registers, and time is walked in spans whose tiles stay in the first cache. Tensors are read in
// rows and turned in registers, so that nothing is gathered.
#include "../common/vec.h"
#include "math.inl"

namespace {

constexpr int SPAN = SCAN_SPAN_CPU;
constexpr int BLOCK = 8;  // States in registers, forward; half of them backward.

// The channels [first, first + count) of one picture, all of one group.
struct Lane {
    int64 batch, group, first;
    int count;
};

INLINE int64 blocks_of(const ScanArguments& a) {
    return (a.channels / a.groups + LANES - 1) / LANES;
}

INLINE Lane lane_of(const ScanArguments& a, int64 batch, int64 group, int64 block) {
    const int64 share = a.channels / a.groups;
    return {batch, group, group * share + block * LANES, int(smaller(LANES, share - block * LANES))};
}

// Numbers of `steps` steps of all channels of a block: tile[t] has a lane for each channel.
template <class T>
INLINE void read_tile(const T* rows, int64 stride, int count, int steps, Vec* tile) {
    int t = 0;
    for (; t + LANES <= steps && count == LANES; t += LANES) {
        for (int lane = 0; lane < LANES; lane++) tile[t + lane] = loaded(rows + lane * stride + t);
        transpose(tile + t);
    }
    for (; t < steps; t++) {
        Vec value{};
        for (int lane = 0; lane < count; lane++) value[lane] = widened(rows[lane * stride + t]);
        tile[t] = value;
    }
}

template <class T>
INLINE void write_tile(T* rows, int64 stride, int count, int steps, const Vec* tile) {
    int t = 0;
    for (; t + LANES <= steps && count == LANES; t += LANES) {
        Vec turned[LANES];
        __builtin_memcpy(turned, tile + t, sizeof(turned));
        transpose(turned);
        for (int lane = 0; lane < LANES; lane++) stored(rows + lane * stride + t, turned[lane]);
    }
    for (; t < steps; t++)
        for (int lane = 0; lane < count; lane++) rows[lane * stride + t] = narrowed<T>(tile[t][lane]);
}

INLINE Vec parameter(const float* values, const Lane& lane) {
    return values ? loaded_part(values + lane.first, lane.count) : Vec{};
}

// What is the same for all spans of a block of channels.
template <class T>
struct Block {
    const ScanArguments& a;
    const Lane lane;
    const Vec bias, D;
    Vec rate2[SCAN_STATES];

    Block(const ScanArguments& a, const Lane& lane)
        : a(a), lane(lane), bias(parameter(a.bias, lane)), D(parameter(a.D, lane)) {
        for (int n = 0; n < a.states; n++) {
            rate2[n] = Vec{};
            for (int i = 0; i < lane.count; i++)
                rate2[n][i] = a.A[(lane.first + i) * a.states + n] * LOG2E;
        }
    }

    // Where in a tensor [batch, channels, length] the block begins at a step.
    int64 row(int64 t) const { return (lane.batch * a.channels + lane.first) * a.length + t; }

    // Where in a tensor [batch, groups, states, length] a state begins at a step.
    int64 shared(int64 n, int64 t) const {
        return ((lane.batch * a.groups + lane.group) * a.states + n) * a.length + t;
    }

    int64 kept(int64 span, int64 n) const {
        const int64 spans = (a.length + SPAN - 1) / SPAN;
        return ((lane.batch * spans + span) * a.states + n) * a.channels + lane.first;
    }

    template <class V>
    void read(const void* tensor, int64 t, int steps, Vec* tile) const {
        read_tile((const V*)tensor + row(t), a.length, lane.count, steps, tile);
    }

    template <class V>
    void write(void* tensor, int64 t, int steps, const Vec* tile) const {
        write_tile((V*)tensor + row(t), a.length, lane.count, steps, tile);
    }

    void read_output(const void* tensor, int64 t, int steps, Vec* tile) const {
        if (a.float_output) return read<float>(tensor, t, steps, tile);
        read<T>(tensor, t, steps, tile);
    }

    void write_output(void* tensor, int64 t, int steps, const Vec* tile) const {
        if (a.float_output) return write<float>(tensor, t, steps, tile);
        write<T>(tensor, t, steps, tile);
    }

    // Raw steps with their bias, the steps, and u.
    void read_steps(int64 t, int steps, Vec* raw, Vec* step, Vec* u) const {
        read<T>(a.delta, t, steps, raw);
        read<T>(a.u, t, steps, u);
        for (int i = 0; i < steps; i++) {
            raw[i] += bias;
            step[i] = scan_step(raw[i], a.softplus);
        }
    }
};

// B or C of a block of states in a span, widened: values[k][t].
template <int S, class T>
INLINE void read_shared(const T* from, int64 stride, int steps, float (*values)[SPAN]) {
    for (int k = 0; k < S; k++)
        for (int t = 0; t < steps; t++) values[k][t] = widened(from[k * stride + t]);
}

template <int S, class T>
INLINE void advance(
    const Block<T>& block, int64 at, int steps, int n, Vec* h, const Vec* step, const Vec* drive,
    Vec* y) {
    float b[S][SPAN], c[S][SPAN];
    read_shared<S>((const T*)block.a.B + block.shared(n, at), block.a.length, steps, b);
    read_shared<S>((const T*)block.a.C + block.shared(n, at), block.a.length, steps, c);
    Vec state[S], rate2[S];
    for (int k = 0; k < S; k++) state[k] = h[n + k], rate2[k] = block.rate2[n + k];
    for (int t = 0; t < steps; t++) {
        Vec sum = y[t];
        for (int k = 0; k < S; k++) {
            state[k] = scan_decay(step[t], rate2[k]) * state[k] + drive[t] * b[k][t];
            sum += state[k] * c[k][t];
        }
        y[t] = sum;
    }
    for (int k = 0; k < S; k++) h[n + k] = state[k];
}

template <class T>
void forward_block(const ScanArguments& a, const Lane& lane) {
    const Block<T> block(a, lane);
    Vec h[SCAN_STATES] = {}, raw[SPAN], step[SPAN], u[SPAN], y[SPAN];
    for (int64 at = 0, span = 0; at < a.length; at += SPAN, span++) {
        const int steps = int(smaller(SPAN, a.length - at));
        for (int n = 0; n < a.states; n++)
            stored_part(a.starts + block.kept(span, n), h[n], lane.count);
        block.read_steps(at, steps, raw, step, u);
        for (int t = 0; t < steps; t++) {
            y[t] = block.D * u[t];
            u[t] *= step[t];
        }
        int n = 0;
        for (; n + BLOCK <= a.states; n += BLOCK) advance<BLOCK>(block, at, steps, n, h, step, u, y);
        for (; n < a.states; n++) advance<1>(block, at, steps, n, h, step, u, y);
        if (a.z) {
            block.template read<T>(a.z, at, steps, raw);
            for (int t = 0; t < steps; t++) y[t] *= silu_of(raw[t]);
        }
        block.write_output(a.y, at, steps, y);
    }
    for (int lane_of = 0; lane_of < lane.count; lane_of++)
        for (int n = 0; n < a.states; n++)
            a.last[(lane.batch * a.channels + lane.first + lane_of) * a.states + n] = h[n][lane_of];
}

// Tiles of a span on the way back.
struct Span {
    Vec raw[SPAN], step[SPAN], u[SPAN], drive[SPAN], z[SPAN], dy[SPAN], dv[SPAN], v[SPAN];
    Vec driven[SPAN], dstep2[SPAN];
};

// Adds what each step's channels add up to; `fresh` writes instead.
INLINE void add_sums(const Vec* rows, int steps, float* to, bool fresh) {
    int t = 0;
    for (; t + LANES <= steps; t += LANES) {
        const Vec sums = sums_of(rows + t);
        stored(to + t, fresh ? sums : sums + loaded(to + t));
    }
    for (; t < steps; t++) to[t] = (fresh ? 0.0f : to[t]) + sum_of(rows[t]);
}

template <int S, class T>
INLINE void retreat(
    const Block<T>& block, int64 at, int64 span, int steps, int n, Vec* carry, Vec* drate,
    Span& tiles, float* dB, float* dC, bool fresh) {
    const ScanArguments& a = block.a;
    float b[S][SPAN], c[S][SPAN];
    read_shared<S>((const T*)a.B + block.shared(n, at), a.length, steps, b);
    read_shared<S>((const T*)a.C + block.shared(n, at), a.length, steps, c);
    Vec states[S][SPAN + 1], decays[S][SPAN], rows[S][SPAN];
    for (int k = 0; k < S; k++)
        states[k][0] = loaded_part(a.starts + block.kept(span, n + k), block.lane.count);
    for (int t = 0; t < steps; t++)
        for (int k = 0; k < S; k++) {
            decays[k][t] = scan_decay(tiles.step[t], block.rate2[n + k]);
            states[k][t + 1] = decays[k][t] * states[k][t] + tiles.drive[t] * b[k][t];
        }
    if (a.z)
        for (int t = 0; t < steps; t++)
            for (int k = 0; k < S; k++) tiles.v[t] += states[k][t + 1] * c[k][t];
    for (int k = 0; k < S; k++) {
        for (int t = 0; t < steps; t++) rows[k][t] = tiles.dv[t] * states[k][t + 1];
        add_sums(rows[k], steps, dC + k * a.length, fresh);
    }
    Vec g[S], slope[S];
    for (int k = 0; k < S; k++) g[k] = carry[n + k], slope[k] = drate[n + k];
    for (int t = steps - 1; t >= 0; t--) {
        Vec driven = tiles.driven[t], dstep2 = tiles.dstep2[t];
        for (int k = 0; k < S; k++) {
            g[k] += tiles.dv[t] * c[k][t];
            scan_gradients(
                g[k], states[k][t], decays[k][t], tiles.step[t], block.rate2[n + k], b[k][t],
                driven, dstep2, slope[k]);
            rows[k][t] = g[k] * tiles.drive[t];
            g[k] *= decays[k][t];
        }
        tiles.driven[t] = driven, tiles.dstep2[t] = dstep2;
    }
    for (int k = 0; k < S; k++) {
        add_sums(rows[k], steps, dB + k * a.length, fresh);
        carry[n + k] = g[k], drate[n + k] = slope[k];
    }
}

template <class T>
void backward_block(const ScanArguments& a, const Lane& lane, int64 part, bool fresh) {
    const Block<T> block(a, lane);
    const int64 whole = int64(a.batch) * a.groups * a.states * a.length;
    Vec carry[SCAN_STATES], drate[SCAN_STATES] = {}, dD{}, dbias{};
    for (int n = 0; n < a.states; n++) {
        carry[n] = Vec{};
        for (int i = 0; i < lane.count; i++)
            carry[n][i] = a.dlast[(lane.batch * a.channels + lane.first + i) * a.states + n];
    }
    Span s;
    for (int64 span = (a.length - 1) / SPAN; span >= 0; span--) {
        const int64 at = span * SPAN;
        const int steps = int(smaller(SPAN, a.length - at));
        block.read_steps(at, steps, s.raw, s.step, s.u);
        block.read_output(a.dy, at, steps, s.dy);
        if (a.z) block.template read<T>(a.z, at, steps, s.z);
        for (int t = 0; t < steps; t++) {
            s.drive[t] = s.step[t] * s.u[t];
            s.dv[t] = a.z ? s.dy[t] * silu_of(s.z[t]) : s.dy[t];
            s.v[t] = block.D * s.u[t];
            s.driven[t] = s.dstep2[t] = Vec{};
        }
        const auto part_of = [&](float* sums, int n) {
            return sums + part * whole + block.shared(n, at);
        };
        constexpr int FEW = BLOCK / 2;
        int n = 0;
        for (; n + FEW <= a.states; n += FEW)
            retreat<FEW>(
                block, at, span, steps, n, carry, drate, s, part_of(a.dB, n), part_of(a.dC, n),
                fresh);
        for (; n < a.states; n++)
            retreat<1>(
                block, at, span, steps, n, carry, drate, s, part_of(a.dB, n), part_of(a.dC, n),
                fresh);
        for (int t = 0; t < steps; t++) {
            const Vec dstep = s.dstep2[t] * LN2 + s.u[t] * s.driven[t];
            const Vec draw = scan_step_gradient(dstep, s.raw[t], a.softplus);
            dD += s.dv[t] * s.u[t];
            dbias += draw;
            s.u[t] = s.step[t] * s.driven[t] + block.D * s.dv[t];
            s.raw[t] = draw;
            if (a.z) s.z[t] = s.dy[t] * s.v[t] * silu_slope(s.z[t]);
        }
        block.template write<T>(a.du, at, steps, s.u);
        block.template write<T>(a.ddelta, at, steps, s.raw);
        if (a.z) block.template write<T>(a.dz, at, steps, s.z);
    }
    for (int i = 0; i < lane.count; i++) {
        const int64 channel = lane.batch * a.channels + lane.first + i;
        for (int n = 0; n < a.states; n++) a.dA[channel * a.states + n] = drate[n][i];
        if (a.dD) a.dD[channel] = dD[i];
        if (a.dbias) a.dbias[channel] = dbias[i];
    }
}

template <class T>
void forward(const ScanArguments& a, int64 first, int64 last) {
    const int64 blocks = blocks_of(a);
    for (int64 unit = first; unit < last; unit++)
        forward_block<T>(
            a, lane_of(a, unit / blocks / a.groups, unit / blocks % a.groups, unit % blocks));
}

template <class T>
void backward(const ScanArguments& a, int64 first, int64 last) {
    const int64 blocks = blocks_of(a);
    for (int64 unit = first; unit < last; unit++) {
        const int64 part = unit % a.parts, group = unit / a.parts % a.groups;
        const int64 from = blocks * part / a.parts, to = blocks * (part + 1) / a.parts;
        for (int64 block = from; block < to; block++)
            backward_block<T>(
                a, lane_of(a, unit / a.parts / a.groups, group, block), part, block == from);
    }
}

}  // namespace

extern "C" int64 labsight_selective_scan_size() { return sizeof(ScanArguments); }

// Blocks of the channels of a group: batch x groups x blocks are the units of work forward.
extern "C" int64 labsight_selective_scan_blocks(const ScanArguments* a) { return blocks_of(*a); }

// Units are independent of one another; each may go to another thread.
extern "C" void labsight_selective_scan_forward(const ScanArguments* a, int64 first, int64 last) {
    if (a->type == FLOAT32) return forward<float>(*a, first, last);
    if (a->type == FLOAT16) return forward<Half>(*a, first, last);
    forward<Brain>(*a, first, last);
}

// Units: batch x groups x parts, of which there are no more than blocks.
extern "C" void labsight_selective_scan_backward(const ScanArguments* a, int64 first, int64 last) {
    if (a->type == FLOAT32) return backward<float>(*a, first, last);
    if (a->type == FLOAT16) return backward<Half>(*a, first, last);
    backward<Brain>(*a, first, last);
}
