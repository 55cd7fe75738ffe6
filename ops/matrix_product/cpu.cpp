// Products of matrices on a processor, in blocks that the caches hold.
#include "tile.h"

// Python fills it in by name. Strides are in numbers; columns are side by side.
struct ProductArguments {
    const float *left, *right;  // [batch, rows, depth], [batch, depth, columns]
    float* product;             // [batch, rows, columns]
    int64 left_batch, left_row, right_batch, right_row, product_batch, product_row;
    int32 batch, rows, depth, columns;
    int32 added;  // to what is there
};

namespace {

constexpr int64 HEIGHT = 8 * ROWS, WIDTH = 256, DEPTH = 256;  // Of a block.

int64 blocks(int64 length, int64 each) { return (length + each - 1) / each; }

void multiply(const ProductArguments& a, int64 batch, int64 row, int64 column) {
    const int64 rows = smaller(HEIGHT, a.rows - row), columns = smaller(WIDTH, a.columns - column);
    const float* left = a.left + batch * a.left_batch + row * a.left_row;
    const float* right = a.right + batch * a.right_batch + column;
    float* product = a.product + batch * a.product_batch + row * a.product_row + column;
    for (int64 k = 0; k < a.depth; k += DEPTH)
        add_product(
            {left + k, a.left_row}, rows, smaller(DEPTH, a.depth - k),
            {right + k * a.right_row, a.right_row}, columns, {product, a.product_row},
            a.added || k);
}

}  // namespace

extern "C" int64 labsight_matrix_product_size() { return sizeof(ProductArguments); }

// Blocks, which are independent of one another.
extern "C" int64 labsight_matrix_product_units(const ProductArguments* a) {
    return a->batch * blocks(a->rows, HEIGHT) * blocks(a->columns, WIDTH);
}

extern "C" void labsight_matrix_product_multiply(
    const ProductArguments* a, int64 first, int64 last) {
    const int64 down = blocks(a->rows, HEIGHT), across = blocks(a->columns, WIDTH);
    for (int64 unit = first; unit < last; unit++)
        multiply(
            *a, unit / (down * across), unit / across % down * HEIGHT, unit % across * WIDTH);
}
