// The mathematics of reading maps between pixels, once for kernel.cu and cpu.cpp: F is a float and
// I an integer, or vectors of them, one of each tap.
//
// A tap of weight m that lies at (r, c), a part f of the way from one row to the next and a part e
// from one column to the next, gives of the four pixels x_k around it
//     m sum over k of s_k x_k    with shares s = (1-f)(1-e), (1-f)e, f(1-e), fe
// where pixels outside of the map are 0. With g the gradient of that, and d_k = g x_k added up over
// the channels:
//     dm = sum over k of s_k d_k            dr = m ((1-e)(d_2 - d_0) + e(d_3 - d_1))
//     dx_k = m s_k g                        dc = m ((1-f)(d_1 - d_0) + f(d_3 - d_2))
#pragma once

constexpr int GATHER_LEVELS = 8, GATHER_TAPS = 128;  // At most, taps where they are added up.
constexpr int GATHER_PLACES = 16;  // Of a unit of work on a processor.
constexpr float GATHER_FAR = 4194304.0f;  // No map is as large, and integers are exact up to here.

// Numbers from one of these to the next in a tensor.
struct GatherStrides {
    int64 picture, head, tap, place;
};

// What all steps are told; Python fills it in by name. Absent tensors are null. A step takes the
// places [first_place, first_place + places) of the pictures from first_picture on: `output`,
// `gradient`, `keys`, `shares`, `order` and `starts` are of these alone, the rest is whole.
struct GatherArguments {
    const void* maps;     // [batch, pixels, heads, channels]
    const void* outside;  // [channels], zeros; null on a card
    const float *rows, *columns, *weights;  // [batch, heads, taps, places] in strides; null for 1
    void* output;  // gather: [pictures, heads * channels, taps, places] in strides, places dense;
                   // attend: [pictures, places, heads, channels]
    const void* gradient;  // [pictures, places, taps, heads, channels]; without taps where summed
    float *drows, *dcolumns, *dweights;  // as rows, columns and weights
    float* dmaps;         // as maps; added to
    int32* keys;          // [pictures, places, heads, taps, 4], pixels that are read; see kernel.cu
    float* shares;        // as keys, the weight of each
    const int64* order;   // as keys, in which they are sorted
    const int64* starts;  // [pictures * heads * pixels + 1], where each pixel begins in it
    GatherStrides at, weighs;  // of rows and columns, of weights
    int64 output_picture, output_channel, output_tap;
    int32 first_picture, pictures, first_place, places;
    int32 pixels, heads, channels, taps;
    int32 levels, points;  // maps of different sizes after one another, and the taps on each
    int32 heights[GATHER_LEVELS], widths[GATHER_LEVELS], begins[GATHER_LEVELS];
    int32 relative;  // rows and columns run from 0 to 1 over the edges of the level
    int32 summed;    // the taps of a place are added up
    // Places are a grid, each with a kernel of taps, and rows and columns are counted from there:
    // place p lies in row p / across of the grid, tap t in row t / kernel of the kernel.
    int32 across, kernel;
    int32 stride[2], padding[2], dilation[2];
    int32 type;         // of maps, output and gradient
    int32 parts;        // into which the channels of a map are divided for dmaps
    int32 lanes, wide;  // see kernel.cu
};

template <class F, class I>
struct Corners {
    F down, right;  // Parts of the way to the next row and column.
    F shares[4];
    I pixels[4];    // Negative outside.
};

// The whole number below scale * part - shift, counted from an origin, and how far it is past that,
// which is as exact for large places as for small ones. A place that is not a number and one at
// infinity do not lie on the map, but spoil what is read.
template <class F, class I>
INLINE I below(F part, F scale, float shift, I origin, F& past) {
    const F place = fused(part, scale, F{} - shift);
    F near = place > -GATHER_FAR ? place : F{} - GATHER_FAR;
    near = near < GATHER_FAR ? near : F{} + GATHER_FAR;
    const I whole = whole_of(near);  // Toward 0, and of a place that is rounded up to it.
    const F rest = fused(part, scale, -(real_of(whole) + shift));
    past = near == place ? (rest < 0.0f ? rest + 1.0f : rest) : place - place;
    return origin + (rest < 0.0f ? whole - 1 : whole);
}

// A level, or one for each lane.
template <class I>
struct Level {
    I height, width, begin;
};

// `down` and `right` are where rows and columns are counted from.
template <class F, class I>
INLINE Corners<F, I> corners_of(
    F row, F column, I down, I right, const Level<I>& level, bool relative) {
    const F one = F{} + 1.0f;
    const float shift = relative ? 0.5f : 0.0f;
    Corners<F, I> c;
    const I top = below(row, relative ? real_of(level.height) : one, shift, down, c.down);
    const I left = below(column, relative ? real_of(level.width) : one, shift, right, c.right);
    const F up = 1.0f - c.down, back = 1.0f - c.right;
    c.shares[0] = up * back, c.shares[1] = up * c.right;
    c.shares[2] = c.down * back, c.shares[3] = c.down * c.right;
    for (int k = 0; k < 4; k++) {
        const I y = top + k / 2, x = left + k % 2;
        const auto inside = (y >= 0) & (y < level.height) & (x >= 0) & (x < level.width);
        // Far outside, a row times a width would be more than an integer holds.
        c.pixels[k] = inside ? level.begin + (inside ? y : I{}) * level.width + x : I{} - 1;
    }
    return c;
}

template <class F>
struct Slopes {
    F row, column, weight;
};

// Gradients of a tap's place and weight from what the gradient makes of the pixels.
template <class F, class I>
INLINE Slopes<F> slopes_of(
    const Corners<F, I>& c, const F* dots, F weight, const Level<I>& level, bool relative) {
    const F *s = c.shares, *d = dots, one = F{} + 1.0f;
    const F down = (1.0f - c.right) * (d[2] - d[0]) + c.right * (d[3] - d[1]);
    const F right = (1.0f - c.down) * (d[1] - d[0]) + c.down * (d[3] - d[2]);
    return {
        weight * down * (relative ? real_of(level.height) : one),
        weight * right * (relative ? real_of(level.width) : one),
        s[0] * d[0] + s[1] * d[1] + s[2] * d[2] + s[3] * d[3],
    };
}
