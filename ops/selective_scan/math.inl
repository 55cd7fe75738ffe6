// The mathematics of the selective scan, once for kernel.cu and cpu.cpp: F is a float or a vector
// of floats, one of each channel.
//
// With s_t = softplus(delta_t + bias), x_t = s_t u_t and, of each state, a_t = exp(s_t A):
//     h_t = a_t h_(t-1) + x_t B_t        v_t = sum over the states of C_t h_t + D u_t
//     y_t = v_t silu(z_t)
// and with g_t the gradient of h_t, dv_t = dy_t silu(z_t):
//     g_t = C_t dv_t + a_(t+1) g_(t+1)
#pragma once

constexpr int SCAN_STATES = 64;  // At most.
constexpr int SCAN_SPAN_CPU = 64, SCAN_SPAN_GPU = 256;  // Steps between the states that are kept.
constexpr float LOG2E = 1.4426950408889634f, LN2 = 0.6931471805599453f;

// What both directions are told; Python fills it in by name. Absent tensors are null. All are dense
// in the order given, and all of 16 or 32 bits by `type` but those that say float.
struct ScanArguments {
    const void *u, *delta;   // [batch, channels, length]
    const float* A;          // [channels, states]
    const void *B, *C;       // [batch, groups, states, length]
    const float* D;          // [channels] or null
    const void* z;           // [batch, channels, length] or null
    const float* bias;       // [channels] or null
    void* y;                 // [batch, channels, length], float where float_output
    float* last;             // [batch, channels, states]
    float* starts;           // [batch, spans, states, channels], states before each span
    const void* dy;          // as y
    const float* dlast;      // as last
    void *du, *ddelta, *dz;  // as u; dz null without z
    float* dA;               // [segments, batch, channels, states]: summed by Python
    float *dD, *dbias;       // [segments, batch, channels], likewise
    float *dB, *dC;          // [parts, batch, groups, states, length], likewise
    float* work;             // [segments, batch, channels, states + 1], see kernel.cu
    int32 batch, channels, length, states, groups;
    int32 type, softplus, float_output;
    int32 parts;     // into which the channels of a group are divided for dB and dC
    int32 segments;  // see kernel.cu; 1 on a processor
};

template <class F>
INLINE F exp_of(F x) {
    return power_of_2(x * LOG2E);
}

// log(1 + e) for e from 0 to 1 as 2 artanh(e / (2 + e)), relative error below 2^-23.
template <class F>
INLINE F log_1p(F e) {
    const F q = quotient(e, e + 2.0f), q2 = q * q;
    F p = q2 * (1.0f / 13) + 1.0f / 11;
    p = p * q2 + 1.0f / 9;
    p = p * q2 + 1.0f / 7;
    p = p * q2 + 1.0f / 5;
    p = p * q2 + 1.0f / 3;
    return 2.0f * (q + q * q2 * p);
}

template <class F>
INLINE F softplus_of(F x) {
    const F positive = where(x > 0.0f, x, F{});
    return positive + log_1p(exp_of(where(x > 0.0f, -x, x)));
}

template <class F>
INLINE F sigmoid_of(F x) {
    return quotient(1.0f, exp_of(-x) + 1.0f);
}

// s_t of a raw step with its bias.
template <class F>
INLINE F scan_step(F raw, bool softplus) {
    return softplus ? softplus_of(raw) : raw;
}

// ds_t turned into the gradient of the raw step.
template <class F>
INLINE F scan_step_gradient(F dstep, F raw, bool softplus) {
    return softplus ? dstep * sigmoid_of(raw) : dstep;
}

// a_t, with A already multiplied by log2 e.
template <class F, class R>
INLINE F scan_decay(F step, R rate2) {
    return power_of_2(step * rate2);
}

template <class F>
INLINE F silu_of(F z) {
    return z * sigmoid_of(z);
}

template <class F>
INLINE F silu_slope(F z) {
    const F s = sigmoid_of(z);
    return s * (1.0f + z * (1.0f - s));
}

// What one state at one step adds to the gradients, given g_t.
template <class F, class R, class G>
INLINE void scan_gradients(
    F g, F before, F decay, F step, R rate2, G b, F& driven, F& dstep2, F& drate) {
    const F turned = g * decay * before;  // dh_t/d(s_t A) g_t
    driven += g * b;                      // of x_t
    dstep2 += turned * rate2;             // of s_t, log2 e times
    drate += turned * step;               // of A
}
