// Deformable convolution on a processor. A tap of some places is read and multiplied by its weights
// at once, while what it gave is in the cache's first level: channels of a place times outputs of a
// channel, added to sums of as many outputs as there are lanes.
#include "../bilinear_gather/taps.h"
#include "../matrix_product/tile.h"

// What Python fills in by name after what the taps are.
struct ConvolveArguments : GatherArguments {
    const float* factors;  // [taps, channels of all heads, outputs]
    const void* bias;      // [outputs]; null for 0
    int32 outputs;
};

namespace {

constexpr int PLACES = 48, CHANNELS = 128, OUTPUTS = 256;  // Of a block.
static_assert(PLACES % ROWS == 0 && PLACES % LANES == 0, "blocks are whole tiles and lines");

// What one tap gives of the channels [begin, end) of all heads, as [PLACES, end - begin].
template <class T>
INLINE void read_tap(
    const ConvolveArguments& a, const Levels& levels, const Origin* origins, int64 picture,
    int64 first, int64 count, int64 tap, int64 begin, int64 end, float* values) {
    Line<T> line;
    line.tap = tap;
    for (int64 head = begin / a.channels; head * a.channels < end; head++) {
        const int64 start = head * a.channels;
        const int64 from = begin < start ? 0 : begin - start;
        const int64 to = smaller(a.channels, end - start);
        for (int64 i = 0; i < count; i += LANES) {
            line.place = first + i;
            line.count = int(smaller(LANES, count - i));
            fill(line, a, {picture, head}, levels, origins[i / LANES]);
            for (int lane = 0; lane < line.count; lane++) {
                float* out = values + (i + lane) * (end - begin) + start - begin;
                in_blocks(from, to, [&](int64 channel, int some) {
                    write(out + channel, given(line, lane, channel, some), some);
                });
            }
        }
    }
}

template <class T>
void convolve(const ConvolveArguments& a, int64 picture, int64 first, int64 count) {
    const Levels levels(a);
    const int64 channels = int64(a.heads) * a.channels;
    Origin origins[PLACES / LANES];
    for (int64 i = 0; i < count; i += LANES) origins[i / LANES] = Origin(a, first + i);
    float values[PLACES * CHANNELS], sums[PLACES * OUTPUTS];
    for (int64 block = 0; block < a.outputs; block += OUTPUTS) {
        const int64 outputs = smaller(OUTPUTS, a.outputs - block);
        for (int64 output = 0; output < outputs; output++) {
            const float bias = a.bias ? widened(((const T*)a.bias)[block + output]) : 0.0f;
            for (int64 place = 0; place < count; place++) sums[place * outputs + output] = bias;
        }
        for (int64 tap = 0; tap < a.taps; tap++)
            for (int64 begin = 0; begin < channels; begin += CHANNELS) {
                const int64 depth = smaller(CHANNELS, channels - begin);
                read_tap<T>(
                    a, levels, origins, picture, first, count, tap, begin, begin + depth, values);
                add_product(
                    {values, depth}, count, depth,
                    {a.factors + (tap * channels + begin) * a.outputs + block, a.outputs}, outputs,
                    {sums, outputs}, true);
            }
        T* out = (T*)a.output + (picture * a.outputs + block) * a.places + first;
        write_turned(sums, count, outputs, out, a.places);
    }
}

template <class T>
void convolve_units(const ConvolveArguments& a, int64 first, int64 last) {
    const int64 blocks = (a.places + PLACES - 1) / PLACES;
    for (int64 unit = first; unit < last; unit++) {
        const int64 begin = unit % blocks * PLACES;
        convolve<T>(a, unit / blocks, begin, smaller(PLACES, a.places - begin));
    }
}

}  // namespace

extern "C" int64 labsight_deform_conv2d_size() { return sizeof(ConvolveArguments); }

// Pictures x blocks of places, which are independent of one another.
extern "C" int64 labsight_deform_conv2d_units(const ConvolveArguments* a) {
    return int64(a->pictures) * ((a->places + PLACES - 1) / PLACES);
}

extern "C" void labsight_deform_conv2d_convolve(
    const ConvolveArguments* a, int64 first, int64 last) {
    auto convolve = a->type == FLOAT32   ? convolve_units<float>
                    : a->type == FLOAT16 ? convolve_units<Half>
                                         : convolve_units<Brain>;
    convolve(*a, first, last);
}
