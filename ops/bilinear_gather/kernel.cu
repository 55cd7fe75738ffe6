// Reading maps between their pixels on a graphics card.
//
// A few lanes, `lanes` of them, read the channels of a pixel, 16 bytes at a time where tensors
// allow it (`wide`); a warp has as many pixels as that leaves room for. Nothing is added to memory
// that another thread adds to: for the gradient of the maps, what was read is sorted by pixel, and
// a pixel's lanes add up what the taps that read it pass back, in the order of the taps.
#include "../common/simt.h"
#include "math.inl"

namespace {

constexpr int THREADS = 256, TILE = 32, BAND = 64;
constexpr uint32 ALL = 0xffffffffu;

// Numbers that are read and written at once.
template <class T, int N>
struct alignas(N == 1 ? sizeof(T) : 16) Pack {
    T values[N];
};

template <class T>
constexpr int WIDE = 16 / sizeof(T);

// All by their numbers in the chunk, of which Python makes sure that 32 bits hold them.
struct Tap {
    int32 picture, head, place, tap;
};

struct Read {
    Level<int32> level;
    Corners<float, int32> corners;
    float weight;
};

// Which group of `lanes` threads this one is in.
INLINE uint32 unit_of(const GatherArguments& a) {
    return blockIdx.x * uint32(THREADS / a.lanes) + threadIdx.x / uint32(a.lanes);
}

// A tap by its number in [pictures, places, heads, taps].
INLINE Tap tap_of(const GatherArguments& a, uint32 number) {
    const uint32 taps = a.taps, heads = a.heads, places = a.places;
    const uint32 row = number / taps, place = row / heads;
    return {int32(place / places), int32(row % heads), int32(place % places), int32(number % taps)};
}

INLINE int64 offset_of(const GatherArguments& a, const GatherStrides& by, const Tap& t) {
    return (a.first_picture + t.picture) * by.picture + t.head * by.head + t.tap * by.tap +
           (a.first_place + t.place) * by.place;
}

INLINE Read read_of(const GatherArguments& a, const Tap& t) {
    int32 level = 0, down = 0, right = 0;
    if (a.summed) {
        level = t.tap / a.points;
    } else {
        const int32 place = a.first_place + t.place;
        down = place / a.across * a.stride[0] - a.padding[0] + t.tap / a.kernel * a.dilation[0];
        right = place % a.across * a.stride[1] - a.padding[1] + t.tap % a.kernel * a.dilation[1];
    }
    const int64 at = offset_of(a, a.at, t);
    Read read;
    read.level = {a.heights[level], a.widths[level], a.begins[level]};
    read.corners = corners_of(a.rows[at], a.columns[at], down, right, read.level, a.relative);
    read.weight = a.weights ? a.weights[offset_of(a, a.weighs, t)] : 1.0f;
    return read;
}

INLINE int64 map_of(const GatherArguments& a, int32 picture, int32 head) {
    return (int64(a.first_picture + picture) * a.pixels * a.heads + head) * a.channels;
}

INLINE int64 gradient_of(const GatherArguments& a, const Tap& t) {
    int64 row = int64(t.picture) * a.places + t.place;
    if (!a.summed) row = row * a.taps + t.tap;
    return (row * a.heads + t.head) * a.channels;
}

template <class T, int N>
INLINE void fetch(const T* from, float* values) {
    const Pack<T, N> pack = *(const Pack<T, N>*)from;
    for (int i = 0; i < N; i++) values[i] = widened(pack.values[i]);
}

// Adds a share of a pixel. What lies outside is 0, but a share that is not a number is kept.
template <class T, int N>
INLINE void add(const GatherArguments& a, const T* map, int32 pixel, float share, float* sums) {
    float values[N] = {};
    if (pixel >= 0) fetch<T, N>(map + int64(pixel) * a.heads * a.channels, values);
    for (int i = 0; i < N; i++) sums[i] += share * values[i];
}

// Some channels of the places of a tile: written by place, read by channel.
struct Tile {
    float values[BAND][TILE + 1];
    float shares[4][TILE];
    int32 pixels[4][TILE];
};

// A block has a tile of places of one tap.
template <class T, int N>
INLINE void gather(const GatherArguments& a, Tile& tile) {
    const int32 tiles = (a.places + TILE - 1) / TILE, unit = blockIdx.x, thread = threadIdx.x;
    const int32 first = unit % tiles * TILE, tap = unit / tiles % a.taps;
    const int32 map_number = unit / tiles / a.taps;
    const int32 head = map_number % a.heads, picture = map_number / a.heads;
    if (thread < TILE) {
        const bool there = first + thread < a.places;
        const Read read = read_of(a, {picture, head, there ? first + thread : first, tap});
        for (int k = 0; k < 4; k++) {
            tile.shares[k][thread] = read.weight * read.corners.shares[k];
            tile.pixels[k][thread] = read.corners.pixels[k];
        }
    }
    __syncthreads();
    const T* map = (const T*)a.maps + map_of(a, picture, head);
    T* out = (T*)a.output + picture * a.output_picture + tap * a.output_tap + first;
    for (int band = 0; band < a.channels; band += BAND) {
        const int count = int(smaller(BAND, a.channels - band)), packs = count / N;
        for (int i = thread; i < packs * TILE; i += THREADS) {
            const int place = i / packs, channel = i % packs * N;
            float sums[N] = {};
            for (int k = 0; k < 4; k++)
                add<T, N>(
                    a, map + band + channel, tile.pixels[k][place], tile.shares[k][place], sums);
            for (int j = 0; j < N; j++) tile.values[channel + j][place] = sums[j];
        }
        __syncthreads();
        for (int i = thread; i < count * TILE; i += THREADS) {
            const int32 channel = head * a.channels + band + i / TILE;
            const int place = i % TILE;
            if (first + place < a.places)
                out[channel * a.output_channel + place] = narrowed<T>(tile.values[i / TILE][place]);
        }
        __syncthreads();
    }
}

// Lanes have a place and head.
template <class T, int N>
INLINE void attend(const GatherArguments& a) {
    const uint32 unit = unit_of(a);
    if (unit >= uint32(a.pictures * a.places * a.heads)) return;
    const Tap first = tap_of(a, unit * a.taps);
    const T* map = (const T*)a.maps + map_of(a, first.picture, first.head);
    T* out = (T*)a.output + int64(unit) * a.channels;
    for (int channel = threadIdx.x % a.lanes * N; channel < a.channels; channel += a.lanes * N) {
        float sums[N] = {};
        for (Tap t = first; t.tap < a.taps; t.tap++) {
            const Read read = read_of(a, t);
            for (int k = 0; k < 4; k++)
                add<T, N>(
                    a, map + channel, read.corners.pixels[k], read.weight * read.corners.shares[k],
                    sums);
        }
        Pack<T, N> pack;
        for (int i = 0; i < N; i++) pack.values[i] = narrowed<T>(sums[i]);
        *(Pack<T, N>*)(out + channel) = pack;
    }
}

INLINE uint32 taps_of(const GatherArguments& a) {
    return uint32(a.pictures * a.places * a.heads * a.taps);
}

// Lanes have a tap.
template <class T, int N>
INLINE void slopes(const GatherArguments& a) {
    const uint32 unit = unit_of(a);
    const bool there = unit < taps_of(a);
    const Tap t = tap_of(a, there ? unit : 0);
    const Read read = read_of(a, t);
    const T* map = (const T*)a.maps + map_of(a, t.picture, t.head);
    const T* gradient = (const T*)a.gradient + gradient_of(a, t);
    const int lane = threadIdx.x % a.lanes;
    float dots[4] = {};
    for (int channel = lane * N; channel < a.channels; channel += a.lanes * N) {
        float g[N];
        fetch<T, N>(gradient + channel, g);
        for (int k = 0; k < 4; k++) {
            float values[N] = {};
            add<T, N>(a, map + channel, read.corners.pixels[k], 1.0f, values);
            for (int i = 0; i < N; i++) dots[k] += g[i] * values[i];
        }
    }
    for (int k = 0; k < 4; k++)
        for (int away = a.lanes / 2; away; away /= 2)
            dots[k] += __shfl_xor_sync(ALL, dots[k], away);
    if (!there || lane) return;
    const Slopes<float> slopes =
        slopes_of(read.corners, dots, read.weight, read.level, a.relative);
    const int64 at = offset_of(a, a.at, t);
    a.drows[at] = slopes.row, a.dcolumns[at] = slopes.column;
    if (a.weights) a.dweights[offset_of(a, a.weighs, t)] = slopes.weight;
}

// A thread has a tap. Pixels are numbered through all maps; what lies outside comes after them.
INLINE void find(const GatherArguments& a) {
    const uint32 unit = blockIdx.x * THREADS + threadIdx.x;
    if (unit >= taps_of(a)) return;
    const Tap t = tap_of(a, unit);
    const Read read = read_of(a, t);
    const int32 maps = a.pictures * a.heads, map = t.picture * a.heads + t.head;
    Pack<int32, 4> keys;
    Pack<float, 4> shares;
    for (int k = 0; k < 4; k++) {
        const int32 pixel = read.corners.pixels[k];
        keys.values[k] = (pixel < 0 ? maps : map) * a.pixels + (pixel < 0 ? 0 : pixel);
        shares.values[k] = read.weight * read.corners.shares[k];
    }
    ((Pack<int32, 4>*)a.keys)[unit] = keys;
    ((Pack<float, 4>*)a.shares)[unit] = shares;
}

// Lanes have a pixel of a map.
template <class T, int N>
INLINE void collect(const GatherArguments& a) {
    const uint32 unit = unit_of(a);
    if (unit >= uint32(a.pictures * a.heads * a.pixels)) return;
    const int32 map = unit / a.pixels, pixel = unit % a.pixels;
    float* to =
        a.dmaps + map_of(a, map / a.heads, map % a.heads) + int64(pixel) * a.heads * a.channels;
    for (int channel = threadIdx.x % a.lanes * N; channel < a.channels; channel += a.lanes * N) {
        float sums[N];
        for (int j = 0; j < N; j++) sums[j] = to[channel + j];
        for (int64 i = a.starts[unit]; i < a.starts[unit + 1]; i++) {
            const int64 corner = a.order[i];
            const float share = a.shares[corner];
            float g[N];
            fetch<T, N>(
                (const T*)a.gradient + gradient_of(a, tap_of(a, uint32(corner) / 4)) + channel, g);
            for (int j = 0; j < N; j++) sums[j] += share * g[j];
        }
        for (int j = 0; j < N; j++) to[channel + j] = sums[j];
    }
}

}  // namespace

#define KERNELS(T, suffix)                                                                      \
    KERNEL(labsight_bilinear_gather_gather_##suffix, THREADS, GatherArguments) {                \
        SHARED(Tile, tile);                                                                     \
        a.wide ? gather<T, WIDE<T>>(a, tile) : gather<T, 1>(a, tile);                           \
    }                                                                                           \
    KERNEL(labsight_bilinear_gather_attend_##suffix, THREADS, GatherArguments) {                \
        a.wide ? attend<T, WIDE<T>>(a) : attend<T, 1>(a);                                       \
    }                                                                                           \
    KERNEL(labsight_bilinear_gather_slopes_##suffix, THREADS, GatherArguments) {                \
        a.wide ? slopes<T, WIDE<T>>(a) : slopes<T, 1>(a);                                       \
    }                                                                                           \
    KERNEL(labsight_bilinear_gather_collect_##suffix, THREADS, GatherArguments) {               \
        a.wide ? collect<T, WIDE<T>>(a) : collect<T, 1>(a);                                     \
    }

KERNELS(float, f32)
KERNELS(Half, f16)
KERNELS(Brain, bf16)

KERNEL(labsight_bilinear_gather_find_f32, THREADS, GatherArguments) { find(a); }
