// Taps on a processor: where they lie is computed for as many of them as there are lanes, then each
// is read with channels across the lanes, which needs no instruction that gathers. Taps side by
// side are those of one place where they are added up, else one tap of places in a row.
#pragma once

#include "../common/vec.h"
#include "math.inl"

constexpr int TAPS = GATHER_TAPS + LANES;

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

    Origin() = default;
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

// Writes [places, channels] as [channels, places], of which rows are `pitch` numbers apart.
template <class T>
INLINE void write_turned(const float* from, int64 places, int64 channels, T* to, int64 pitch) {
    for (int64 place = 0; place < places; place += LANES) {
        const int lanes = int(smaller(LANES, places - place));
        in_blocks(0, channels, [&](int64 channel, int count) {
            Vec tile[LANES] = {};
            for (int lane = 0; lane < lanes; lane++)
                tile[lane] = read(from + (place + lane) * channels + channel, count);
            transpose(tile);
            for (int i = 0; i < count; i++)
                write(to + (channel + i) * pitch + place, tile[i], lanes);
        });
    }
}
