// What kernel.cu, cpu.cpp and math.inl write themselves in: names of integers, numbers of 16 bits,
// and the few functions whose names differ between CUDA, a processor and the fibers of the tests.
// No header is needed beside it, because NVRTC on a user's machine has none.
#pragma once

using int32 = int;
using int64 = long long;
using uint16 = unsigned short;
using uint32 = unsigned int;

static_assert(sizeof(int32) == 4 && sizeof(int64) == 8 && sizeof(uint16) == 2, "integers");

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define INLINE __device__ __forceinline__

template <class T>
using Self = T;

// A kernel for blocks of at most so many threads. What it takes is one structure, `a`.
#define KERNEL(name, most, Arguments) \
    extern "C" __global__ void __launch_bounds__(most) name(const Arguments a)
// One whose registers let so many blocks at once be on a multiprocessor.
#define KERNEL_BESIDE(name, most, blocks, Arguments) \
    extern "C" __global__ void __launch_bounds__(most, blocks) name(const Arguments a)
// What the threads of a block share: SHARED(float[8][32], sums);
#define SHARED(Type, name) __shared__ Self<Type> name
#define DYNAMIC_SHARED(Type, name) extern __shared__ Type name[]
#else
#define INLINE inline __attribute__((always_inline))
#endif

// Storage of numbers: float16 and bfloat16 are kept as their bits and computed with as float.
struct Half {
    uint16 bits;
};
struct Brain {
    uint16 bits;
};

// Order of the types in every `type` of an argument structure.
enum Type : int32 { FLOAT32 = 0, FLOAT16 = 1, BFLOAT16 = 2 };

template <class To, class From>
INLINE To bits_as(From from) {
    static_assert(sizeof(To) == sizeof(From), "bits");
    union {
        From from;
        To to;
    } both = {from};
    return both.to;
}

INLINE float widened(float value) { return value; }

INLINE float widened(Brain value) { return bits_as<float>(uint32(value.bits) << 16); }

INLINE float widened(Half value) {
#if defined(__CUDA_ARCH__)
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(value.bits));
    return wide;
#else
    // 2^112 moves the exponent to where float has it, of subnormal numbers too.
    const uint32 sign = uint32(value.bits & 0x8000u) << 16, rest = uint32(value.bits & 0x7fffu) << 13;
    const float scaled = bits_as<float>(rest) * bits_as<float>(0x77800000u);
    const uint32 special = rest | 0x7f800000u;
    return bits_as<float>((rest >= 0x0f800000u ? special : bits_as<uint32>(scaled)) | sign);
#endif
}

template <class T>
INLINE T narrowed(float value);

template <>
INLINE float narrowed<float>(float value) {
    return value;
}

template <>
INLINE Brain narrowed<Brain>(float value) {
    const uint32 bits = bits_as<uint32>(value);
    const uint32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return {uint16(value != value ? 0x7fc0u : rounded)};
}

template <>
INLINE Half narrowed<Half>(float value) {
#if defined(__CUDA_ARCH__)
    Half half;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half.bits) : "f"(value));
    return half;
#else
    const uint32 bits = bits_as<uint32>(value), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    // Below the smallest normal number the addition rounds where the last bit of a half lies.
    const uint32 small = bits_as<uint32>(bits_as<float>(size) + 0.5f) - 0x3f000000u;
    const uint32 normal = (size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13;
    const uint32 finite = size < 0x38800000u ? small : normal;
    const uint32 special = size > 0x7f800000u ? 0x7e00u : 0x7c00u;
    return {uint16(sign | (size >= 0x477ff000u ? special : finite))};
#endif
}

INLINE int64 smaller(int64 a, int64 b) { return a < b ? a : b; }

// Toward 0, of what an integer can hold.
INLINE int32 whole_of(float value) { return int32(value); }
INLINE float real_of(int32 value) { return float(value); }

// What vec.h has for vectors too, so that the mathematics stands once for both.
INLINE float where(bool chosen, float one, float other) { return chosen ? one : other; }

#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
// The card's own functions, to one or two units in the last place: what is exact to the last bit
// takes a dozen instructions. Numbers below 2^-126 are 0 for them.
INLINE float power_of_2(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

INLINE float quotient(float x, float y) {
    float inverse;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(y));
    return x * inverse;
}

// a b + c, rounded once.
INLINE float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
#else
INLINE float power_of_2(float x) { return __builtin_exp2f(x); }

INLINE float quotient(float x, float y) { return x / y; }

INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#endif
