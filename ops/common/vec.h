// As many floats as the processor computes with at a time, in GCC's vector extensions, which g++,
// clang and mingw-w64 read alike. What instructions are used is chosen by -m flags alone.
#pragma once

#include "simt.h"

#if defined(__SSE__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

using Vec = float __attribute__((vector_size(4 * LANES)));
using Bits = int32 __attribute__((vector_size(4 * LANES)));
using Shorts = uint16 __attribute__((vector_size(2 * LANES)));

template <class V, class P>
INLINE V unaligned(const P* from) {
    V value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

INLINE Vec all(float value) { return value - Vec{}; }

INLINE Bits all(int32 value) { return value - Bits{}; }

INLINE Vec where(Bits chosen, Vec one, Vec other) { return chosen ? one : other; }

INLINE Bits whole_of(Vec value) { return __builtin_convertvector(value, Bits); }
INLINE Vec real_of(Bits value) { return __builtin_convertvector(value, Vec); }

template <class X>
INLINE Vec quotient(X x, Vec y) {
    return x / y;
}

INLINE Vec loaded(const float* from) { return unaligned<Vec>(from); }

INLINE Vec loaded(const Brain* from) {
    return (Vec)(__builtin_convertvector(unaligned<Shorts>(from), Bits) << 16);
}

INLINE Vec loaded(const Half* from) {
    const Bits wide = __builtin_convertvector(unaligned<Shorts>(from), Bits);
    const Bits sign = (wide & 0x8000) << 16, rest = (wide & 0x7fff) << 13;
    const Bits scaled = (Bits)((Vec)rest * bits_as<float>(0x77800000u));
    return (Vec)((rest >= 0x0f800000 ? rest | 0x7f800000 : scaled) | sign);
}

// a b + c, rounded once where the processor can.
INLINE Vec fused(Vec a, Vec b, Vec c) {
#if defined(__AVX512F__)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
    return _mm256_fmadd_ps(a, b, c);
#else
    return a * b + c;
#endif
}

template <class T>
INLINE void stored(T* to, Vec value) {
    T narrow[LANES];
    for (int lane = 0; lane < LANES; lane++) narrow[lane] = narrowed<T>(value[lane]);
    __builtin_memcpy(to, narrow, sizeof(narrow));
}

template <>
INLINE void stored<float>(float* to, Vec value) {
    __builtin_memcpy(to, &value, sizeof(value));
}

// The first `count` lanes, the others 0. From a loop over an array that is not unrolled g++ makes
// one masked load or store.
template <class T>
INLINE Vec loaded_part(const T* from, int count) {
    float wide[LANES];
#pragma GCC unroll 1
    for (int lane = 0; lane < LANES; lane++) wide[lane] = lane < count ? widened(from[lane]) : 0.0f;
    return unaligned<Vec>(wide);
}

template <class T>
INLINE void stored_part(T* to, Vec value, int count) {
    T narrow[LANES];
    stored(narrow, value);
#pragma GCC unroll 1
    for (int lane = 0; lane < LANES; lane++)
        if (lane < count) to[lane] = narrow[lane];
}

// Both are no number where x is none.
INLINE Vec at_least(float limit, Vec x) {
#if defined(__AVX512F__)
    return _mm512_max_ps(all(limit), x);
#elif defined(__AVX__)
    return _mm256_max_ps(all(limit), x);
#elif defined(__SSE__)
    return _mm_max_ps(all(limit), x);
#else
    return x < limit ? all(limit) : x;
#endif
}

INLINE Vec at_most(float limit, Vec x) {
#if defined(__AVX512F__)
    return _mm512_min_ps(all(limit), x);
#elif defined(__AVX__)
    return _mm256_min_ps(all(limit), x);
#elif defined(__SSE__)
    return _mm_min_ps(all(limit), x);
#else
    return x > limit ? all(limit) : x;
#endif
}

// 2^x with a relative error of 2^-23: x is split into a whole number, which becomes the exponent,
// and what is left of it, for which Cephes' polynomial of degree 6 stands. 2^0 is exactly 1, so
// that decays near 1 do not drift. Below 2^-126 it stays there, from 2^128 on it is infinite.
INLINE Vec power_of_2(Vec x) {
    x = at_least(-126.0f, x);
#if defined(__AVX512DQ__)
    const Vec f = _mm512_reduce_ps(x, 0);
#else
    const float whole = 12582912.0f;  // Adding 1.5 * 2^23 leaves the whole number in the last bits.
    x = at_most(128.0f, x);
    const Vec shifted = x + whole;
    const Vec f = x - (shifted - whole);
#endif
    Vec p = f * 1.535336188319500e-4f + 1.339887440266574e-3f;
    p = p * f + 9.618437357674640e-3f;
    p = p * f + 5.550332471162809e-2f;
    p = p * f + 2.402264791363012e-1f;
    p = p * f + 6.931472028550421e-1f;
    p = p * f + 1.0f;
#if defined(__AVX512DQ__)
    return _mm512_scalef_ps(p, x - f);
#else
    return (Vec)((Bits)p + ((Bits)shifted << 23));
#endif
}

INLINE float sum_of(Vec value) {
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += value[lane];
    return sum;
}

template <int... I>
struct Order {};
template <int N, int... I>
struct OrderTo : OrderTo<N - 1, N - 1, I...> {};
template <int... I>
struct OrderTo<0, I...> {
    using type = Order<I...>;
};
using Lanes = OrderTo<LANES>::type;

// The two halves of a step of the transposition of 2 STEP x 2 STEP numbers.
template <int STEP, int... I>
INLINE Vec upper(Vec a, Vec b, Order<I...>) {
    return __builtin_shufflevector(a, b, (I & STEP ? LANES + I - STEP : I)...);
}
template <int STEP, int... I>
INLINE Vec lower(Vec a, Vec b, Order<I...>) {
    return __builtin_shufflevector(a, b, (I & STEP ? LANES + I : I + STEP)...);
}

template <int STEP>
INLINE void transpose_by(Vec* rows) {
    for (int row = 0; row < LANES; row++)
        if (!(row & STEP)) {
            const Vec a = rows[row], b = rows[row + STEP];
            rows[row] = upper<STEP>(a, b, Lanes{});
            rows[row + STEP] = lower<STEP>(a, b, Lanes{});
        }
}

// Lane j of row i and lane i of row j change places.
INLINE void transpose(Vec* rows) {
    transpose_by<1>(rows);
    transpose_by<2>(rows);
    if constexpr (LANES > 4) transpose_by<4>(rows);
    if constexpr (LANES > 8) transpose_by<8>(rows);
}

// Half as many rows that together have the same sums: of two rows STEP apart, one whose lanes add up
// those of the first where transposition would leave them, and those of the second elsewhere.
template <int STEP>
INLINE void add_by(const Vec* rows, Vec* sums) {
    for (int row = 0; row < STEP; row++)
        sums[row] = upper<STEP>(rows[row], rows[row + STEP], Lanes{}) +
                    lower<STEP>(rows[row], rows[row + STEP], Lanes{});
}

// Lane i is the sum of row i.
INLINE Vec sums_of(const Vec* rows) {
    Vec eight[8], four[4], two[2], one[1];
    if constexpr (LANES > 8) add_by<8>(rows, eight), rows = eight;
    if constexpr (LANES > 4) add_by<4>(rows, four), rows = four;
    add_by<2>(rows, two);
    add_by<1>(two, one);
    return one[0];
}
