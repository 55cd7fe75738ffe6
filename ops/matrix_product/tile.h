// Products of matrices in registers: of the left one a number goes to all lanes, of the right one
// and of the sums there are columns in the lanes. The terms of a sum are added in their order, one
// by one, so that it has the same bits however rows and columns are divided among workers.
#pragma once

#include "../common/vec.h"

// Rows of a tile, and columns in vectors: as many sums as there are registers for.
constexpr int ROWS = 6, VECTORS = LANES == 16 ? 4 : 2;

// A matrix whose rows lie so far apart, of numbers side by side.
template <class Number>
struct Matrix {
    Number* first;
    int64 row;

    Matrix from(int64 down, int64 right) const { return {first + down * row + right, row}; }
};

using Given = Matrix<const float>;
using Sums = Matrix<float>;

// Sums [R, V vectors] = those that are there where `added`, plus left [R, depth] times right. Only
// the first `count` lanes of a single vector are there.
template <int R, int V>
INLINE void add_tile(
    const Given& left, int64 depth, const Given& right, const Sums& sums, int count, bool added) {
    const bool whole = V > 1 || count == LANES;
    Vec sum[R][V] = {};
    for (int row = 0; added && row < R; row++)
        for (int v = 0; v < V; v++) {
            const float* from = sums.first + row * sums.row + v * LANES;
            sum[row][v] = whole ? loaded(from) : loaded_part(from, count);
        }
    for (int64 k = 0; k < depth; k++) {
        Vec factor[V];
        for (int v = 0; v < V; v++) {
            const float* from = right.first + k * right.row + v * LANES;
            factor[v] = whole ? loaded(from) : loaded_part(from, count);
        }
        for (int row = 0; row < R; row++) {
            const Vec value = all(left.first[row * left.row + k]);
            for (int v = 0; v < V; v++) sum[row][v] = fused(value, factor[v], sum[row][v]);
        }
    }
    for (int row = 0; row < R; row++)
        for (int v = 0; v < V; v++) {
            float* to = sums.first + row * sums.row + v * LANES;
            whole ? stored(to, sum[row][v]) : stored_part(to, sum[row][v], count);
        }
}

// The same for [rows, columns], of which those before `column` are done.
template <int V = VECTORS>
INLINE void add_product(
    const Given& left, int64 rows, int64 depth, const Given& right, int64 columns, const Sums& sums,
    bool added, int64 column = 0) {
    // The last columns may be less than a vector.
    for (; column + V * LANES <= columns || (V == 1 && column < columns); column += V * LANES) {
        const int count = int(smaller(LANES, columns - column));
        const Given factors = right.from(0, column);
        int64 row = 0;
        for (; row + ROWS <= rows; row += ROWS)
            add_tile<ROWS, V>(
                left.from(row, 0), depth, factors, sums.from(row, column), count, added);
        for (; row < rows; row++)
            add_tile<1, V>(left.from(row, 0), depth, factors, sums.from(row, column), count, added);
    }
    if constexpr (V > 1)
        add_product<V - 1>(left, rows, depth, right, columns, sums, added, column);
}
