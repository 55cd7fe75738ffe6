// The steps of a gather on a processor.
#include "taps.h"

namespace {

static_assert(GATHER_PLACES % LANES == 0, "units are whole lines of taps");

INLINE void store_spaced(float* to, int64 stride, Vec value, int count) {
    for (int lane = 0; lane < count; lane++) to[lane * stride] = value[lane];
}

template <class T>
void gather(const GatherArguments& a, int64 picture, int64 first, int64 last) {
    const Levels levels(a);
    for (int64 head = 0; head < a.heads; head++)
        walk<T>(a, {picture, head}, levels, first, last, [&](const Line<T>& line) {
            T* out = (T*)a.output + picture * a.output_picture + line.tap * a.output_tap +
                     head * a.channels * a.output_channel + line.place;
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
    const int64 begin = picture * a.pixels * channels;
    write_turned(
        a.dmaps + begin + first * channels, last - first, channels, (T*)a.output + begin + first,
        a.pixels);
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
