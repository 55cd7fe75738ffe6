// Reading maps between their pixels on a processor: where taps lie is computed for as many of them
// as there are lanes, then each is read with channels across the lanes, which needs no instruction
// that gathers. Taps side by side are those of one place where they are added up, else one tap of
// places in a row.
#include "../common/vec.h"
#include "math.inl"

namespace {

constexpr int TAPS = GATHER_TAPS + LANES;
static_assert(GATHER_PLACES % LANES == 0, "units are whole lines of taps");

// Of one picture and head.
struct Map {
    int64 picture, head;
};

// Taps side by side, and where they read.
template <class T>
struct Line {
    int64 place, tap;  // The first, by its number in the chunk.
    int count;
    Vec weight;
    Corners<Vec, Bits> corners;
    float shares[4][LANES];       // With the weight.
    const T* pixels[4][LANES];    // First channels.
};

INLINE Vec spaced(const float* from, int64 stride, int count) {
    if (stride == 1 && count == LANES) return loaded(from);
    Vec value{};
    for (int lane = 0; lane < count; lane++) value[lane] = from[lane * stride];
    return value;
}

INLINE void store_spaced(float* to, int64 stride, Vec value, int count) {
    for (int lane = 0; lane < count; lane++) to[lane * stride] = value[lane];
}

INLINE int64 offset_of(
    const GatherArguments& a, const GatherStrides& by, const Map& map, int64 place, int64 tap) {
    return (a.first_picture + map.picture) * by.picture + map.head * by.head + tap * by.tap +
           (a.first_place + place) * by.place;
}

INLINE int64 step_of(const GatherArguments& a, const GatherStrides& by) {
    return a.summed ? by.tap : by.place;
}

// Numbers of the levels, one of each tap; of taps that are not there a level without pixels.
struct Levels {
    int32 heights[TAPS] = {}, widths[TAPS] = {}, begins[TAPS] = {};

    explicit Levels(const GatherArguments& a) {
        const int count = a.summed ? a.taps : LANES;
        for (int tap = 0; tap < count; tap++) {
            const int level = a.summed ? tap / a.points : 0;
            heights[tap] = a.heights[level], widths[tap] = a.widths[level];
            begins[tap] = a.begins[level];
        }
    }

    Level<Bits> at(int64 tap) const {
        return {
            unaligned<Bits>(heights + tap), unaligned<Bits>(widths + tap),
            unaligned<Bits>(begins + tap)};
    }
};

// Where rows and columns of places in a row are counted from, before that of the tap is added.
struct Origin {
    int32 down[LANES] = {}, right[LANES] = {};

    Origin(const GatherArguments& a, int64 place) {
        if (a.summed) return;
        int32 row = int32(place / a.across), column = int32(place % a.across);
        for (int lane = 0; lane < LANES; lane++) {
            down[lane] = row * a.stride[0] - a.padding[0];
            right[lane] = column * a.stride[1] - a.padding[1];
            if (++column == a.across) column = 0, row++;
        }
    }
};

template <class T>
INLINE void fill(
    Line<T>& line, const GatherArguments& a, const Map& map, const Levels& levels,
    const Origin& origin) {
    const int64 from = offset_of(a, a.at, map, line.place, line.tap), step = step_of(a, a.at);
    const int32 tap = int32(line.tap);
    line.corners = corners_of(
        spaced(a.rows + from, step, line.count), spaced(a.columns + from, step, line.count),
        unaligned<Bits>(origin.down) + tap / a.kernel * a.dilation[0],
        unaligned<Bits>(origin.right) + tap % a.kernel * a.dilation[1],
        levels.at(a.summed ? tap : 0), a.relative);
    line.weight = all(1.0f);
    if (a.weights)
        line.weight = spaced(
            a.weights + offset_of(a, a.weighs, map, line.place, line.tap), step_of(a, a.weighs),
            line.count);
    const int64 pixel = int64(a.heads) * a.channels;
    const T* first = (const T*)a.maps + (a.first_picture + map.picture) * a.pixels * pixel +
                     map.head * a.channels;
    for (int k = 0; k < 4; k++) {
        stored(line.shares[k], line.weight * line.corners.shares[k]);
        for (int lane = 0; lane < LANES; lane++) {
            const int64 at = lane < line.count ? line.corners.pixels[k][lane] : -1;
            line.pixels[k][lane] = at < 0 ? (const T*)a.outside : first + at * pixel;
        }
    }
}

// Calls use(line) for all taps of places.
template <class T, class Use>
INLINE void walk(
    const GatherArguments& a, const Map& map, const Levels& levels, int64 first, int64 last,
    Use use) {
    Line<T> line;
    const int64 step = a.summed ? 1 : LANES;
    for (line.place = first; line.place < last; line.place += step) {
        const Origin origin(a, a.first_place + line.place);
        for (line.tap = 0; line.tap < a.taps; line.tap += a.summed ? LANES : 1) {
            line.count =
                int(smaller(LANES, a.summed ? a.taps - line.tap : last - line.place));
            fill(line, a, map, levels, origin);
            use(line);
        }
    }
}

// Calls use(channel, count) for the channels [first, last) in blocks of LANES.
template <class Use>
INLINE void in_blocks(int64 first, int64 last, Use use) {
    int64 channel = first;
    for (; channel + LANES <= last; channel += LANES) use(channel, LANES);
    if (channel < last) use(channel, int(last - channel));
}

template <class T>
INLINE Vec read(const T* from, int count) {
    return count == LANES ? loaded(from) : loaded_part(from, count);
}

template <class T>
INLINE void write(T* to, Vec value, int count) {
    count == LANES ? stored(to, value) : stored_part(to, value, count);
}

// What a tap of a line gives, of a block of channels.
template <class T>
INLINE Vec given(const Line<T>& line, int lane, int64 channel, int count) {
    Vec sum = line.shares[0][lane] * read(line.pixels[0][lane] + channel, count);
    for (int k = 1; k < 4; k++)
        sum += line.shares[k][lane] * read(line.pixels[k][lane] + channel, count);
    return sum;
}

template <class T>
void gather(const GatherArguments& a, int64 picture, int64 first, int64 last) {
    const Levels levels(a);
    for (int64 head = 0; head < a.heads; head++)
        walk<T>(a, {picture, head}, levels, first, last, [&](const Line<T>& line) {
            T* out = (T*)a.output + picture * a.output_picture + line.tap * a.output_tap +
                     head * a.channels * a.output_channel + line.place * a.output_place;
            if (a.output_channel == 1) {
                for (int lane = 0; lane < line.count; lane++)
                    in_blocks(0, a.channels, [&](int64 channel, int count) {
                        write(
                            out + lane * a.output_place + channel, given(line, lane, channel, count),
                            count);
                    });
                return;
            }
            in_blocks(0, a.channels, [&](int64 channel, int count) {
                Vec tile[LANES];
                for (int lane = 0; lane < LANES; lane++)
                    tile[lane] = given(line, lane, channel, count);
                transpose(tile);
                for (int i = 0; i < count; i++)
                    write(out + (channel + i) * a.output_channel, tile[i], line.count);
            });
        });
}

template <class T>
void attend(const GatherArguments& a, int64 picture, int64 first, int64 last) {
    const Levels levels(a);
    const Origin origin(a, 0);
    Line<T> lines[TAPS / LANES];
    const int count = (a.taps + LANES - 1) / LANES;
    for (int64 head = 0; head < a.heads; head++)
        for (int64 place = first; place < last; place++) {
            for (int i = 0; i < count; i++) {
                lines[i].place = place, lines[i].tap = i * LANES;
                lines[i].count = int(smaller(LANES, a.taps - i * LANES));
                fill(lines[i], a, {picture, head}, levels, origin);
            }
            T* out = (T*)a.output +
                     ((picture * a.places + place) * a.heads + head) * a.channels;
            in_blocks(0, a.channels, [&](int64 channel, int width) {
                Vec sum{};
                for (int i = 0; i < count; i++)
                    for (int lane = 0; lane < lines[i].count; lane++)
                        sum += given(lines[i], lane, channel, width);
                write(out + channel, sum, width);
            });
        }
}

// The gradient of what a tap gives.
template <class T>
INLINE const T* gradient_of(
    const GatherArguments& a, const Map& map, const Line<T>& line, int lane) {
    int64 row = map.picture * a.places + line.place;
    if (!a.summed) row = (row + lane) * a.taps + line.tap;
    return (const T*)a.gradient + (row * a.heads + map.head) * a.channels;
}

template <class T>
void slopes(const GatherArguments& a, int64 picture, int64 first, int64 last) {
    const Levels levels(a);
    for (int64 head = 0; head < a.heads; head++)
        walk<T>(a, {picture, head}, levels, first, last, [&](const Line<T>& line) {
            const Map map = {picture, head};
            Vec products[4][LANES] = {}, dots[4];
            for (int lane = 0; lane < line.count; lane++) {
                const T* gradient = gradient_of(a, map, line, lane);
                in_blocks(0, a.channels, [&](int64 channel, int count) {
                    const Vec g = read(gradient + channel, count);
                    for (int k = 0; k < 4; k++)
                        products[k][lane] += g * read(line.pixels[k][lane] + channel, count);
                });
            }
            for (int k = 0; k < 4; k++) dots[k] = sums_of(products[k]);
            const Slopes<Vec> slopes = slopes_of(
                line.corners, dots, line.weight, levels.at(a.summed ? line.tap : 0), a.relative);
            const int64 at = offset_of(a, a.at, map, line.place, line.tap), step = step_of(a, a.at);
            store_spaced(a.drows + at, step, slopes.row, line.count);
            store_spaced(a.dcolumns + at, step, slopes.column, line.count);
            if (a.weights)
                store_spaced(
                    a.dweights + offset_of(a, a.weighs, map, line.place, line.tap),
                    step_of(a, a.weighs), slopes.weight, line.count);
        });
}

// Adds to the channels [first, last) of a map, tap by tap in the same order however many workers
// there are.
template <class T>
void spread(const GatherArguments& a, const Map& map, int64 first, int64 last) {
    const int64 pixel = int64(a.heads) * a.channels;
    float* begin = a.dmaps + (a.first_picture + map.picture) * a.pixels * pixel +
                   map.head * a.channels;
    walk<T>(a, map, Levels(a), 0, a.places, [&](const Line<T>& line) {
        for (int lane = 0; lane < line.count; lane++) {
            const T* gradient = gradient_of(a, map, line, lane);
            for (int k = 0; k < 4; k++) {
                const int64 at = line.corners.pixels[k][lane];
                if (at < 0) continue;
                float* to = begin + at * pixel;
                const float share = line.shares[k][lane];
                in_blocks(first, last, [&](int64 channel, int count) {
                    const Vec g = read(gradient + channel, count);
                    write(to + channel, read(to + channel, count) + share * g, count);
                });
            }
        }
    });
}

// Writes the pixels [first, last) of dmaps as [pictures, channels, pixels].
template <class T>
void turn(const GatherArguments& a, int64 picture, int64 first, int64 last) {
    const int64 channels = int64(a.heads) * a.channels;
    const float* from = a.dmaps + picture * a.pixels * channels;
    T* to = (T*)a.output + picture * a.pixels * channels;
    for (int64 pixel = first; pixel < last; pixel += LANES) {
        const int pixels = int(smaller(LANES, last - pixel));
        in_blocks(0, channels, [&](int64 channel, int count) {
            Vec tile[LANES] = {};
            for (int i = 0; i < pixels; i++)
                tile[i] = read(from + (pixel + i) * channels + channel, count);
            transpose(tile);
            for (int i = 0; i < count; i++)
                write(to + (channel + i) * a.pixels + pixel, tile[i], pixels);
        });
    }
}

using Step = void (*)(const GatherArguments&, int64, int64, int64);

// Units are GATHER_PLACES places or pixels of a picture.
void in_units(Step step, const GatherArguments& a, int64 each, int64 first, int64 last) {
    const int64 blocks = (each + GATHER_PLACES - 1) / GATHER_PLACES;
    for (int64 unit = first; unit < last; unit++) {
        const int64 begin = unit % blocks * GATHER_PLACES;
        step(a, unit / blocks, begin, smaller(begin + GATHER_PLACES, each));
    }
}

template <class T>
void spread_units(const GatherArguments& a, int64 first, int64 last) {
    for (int64 unit = first; unit < last; unit++) {
        const int64 part = unit % a.parts, map = unit / a.parts, channels = a.channels;
        spread<T>(
            a, {map / a.heads, map % a.heads}, channels * part / a.parts,
            channels * (part + 1) / a.parts);
    }
}

}  // namespace

#define BY_TYPE(function, a) \
    (a->type == FLOAT32 ? function<float> : a->type == FLOAT16 ? function<Half> : function<Brain>)

extern "C" int64 labsight_bilinear_gather_size() { return sizeof(GatherArguments); }

// Units of the first three: pictures x blocks of GATHER_PLACES places. They are independent of one
// another; each may go to another thread.
extern "C" void labsight_bilinear_gather_gather(const GatherArguments* a, int64 first, int64 last) {
    in_units(BY_TYPE(gather, a), *a, a->places, first, last);
}

extern "C" void labsight_bilinear_gather_attend(const GatherArguments* a, int64 first, int64 last) {
    in_units(BY_TYPE(attend, a), *a, a->places, first, last);
}

extern "C" void labsight_bilinear_gather_slopes(const GatherArguments* a, int64 first, int64 last) {
    in_units(BY_TYPE(slopes, a), *a, a->places, first, last);
}

// Units: pictures x blocks of GATHER_PLACES pixels.
extern "C" void labsight_bilinear_gather_turn(const GatherArguments* a, int64 first, int64 last) {
    in_units(BY_TYPE(turn, a), *a, a->pixels, first, last);
}

// Units: pictures x heads x parts.
extern "C" void labsight_bilinear_gather_spread(const GatherArguments* a, int64 first, int64 last) {
    BY_TYPE(spread_units, a)(*a, first, last);
}
