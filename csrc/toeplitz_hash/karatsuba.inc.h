/* Toeplitz matrix times vector over GF(2), by Karatsuba's idea applied to the matrix itself: a square
 *
 *     | y0 |   | T1 T0 | | x0 |      y0 = T1 (x0 + x1) + (T0 + T1) x1
 *     | y1 | = | T2 T1 | | x1 |      y1 = T1 (x0 + x1) + (T1 + T2) x0
 *
 * costs three products of half the size, and computes only the middle half of a polynomial product
 * (H. Fan and M. A. Hasan, IEEE Trans. Computers 56 (2007) 224). No branch and no address depends on
 * the key or on the seed.
 *
 * Included once by each variant, which defines first
 *     TARGET              its target attribute,
 *     BASE_WORDS          the size of the smallest square, a power of two,
 *     square_base(y, t, x)    y += T x for that size.
 *
 * A square of n words has the diagonals t[0 .. 2n): the entry of row r and column q takes bits from the
 * words t[n + r - q] and t[n + r - q - 1]. */
#include <stdlib.h>
#include <string.h>

#include "toeplitz_hash/diagonals.h"

typedef uint64_t lanes __attribute__((vector_size(8 * BASE_WORDS), aligned(8), may_alias));

/* out = a + b; sizes are multiples of BASE_WORDS. */
TARGET static inline void add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
    for (size_t i = 0; i < n; i += BASE_WORDS)
        *(lanes *)(out + i) = *(const lanes *)(a + i) ^ *(const lanes *)(b + i);
}

/* y += T x. Scratch: fewer than 5 n words. */
TARGET static void square(uint64_t *y, const uint64_t *t, const uint64_t *x, size_t n, uint64_t *scratch)
{
    if (n == BASE_WORDS) {
        square_base(y, t, x);
        return;
    }
    size_t half = n / 2;
    uint64_t *t_sums = scratch, *x_sum = t_sums + 3 * half, *shared = x_sum + half, *deeper = shared + half;
    add(t_sums, t, t + half, 3 * half);
    add(x_sum, x, x + half, half);
    memset(shared, 0, half * sizeof *shared);
    square(shared, t + half, x_sum, half, deeper);
    add(y, y, shared, half);
    add(y + half, y + half, shared, half);
    square(y, t_sums, x + half, half, deeper);
    square(y + half, t_sums + half, x, half, deeper);
}

/* The first `rows` x `columns` words of a square whose y and x are padded to full size. Padding up beats
 * splitting from about three quarters on: a full square costs three halves, each strip beside it more. */
TARGET static void rectangle(uint64_t *y, size_t rows, const uint64_t *t, const uint64_t *x, size_t columns,
                             size_t n, uint64_t *scratch)
{
    size_t half = n / 2;
    if (n == BASE_WORDS || (4 * rows >= 3 * n && 4 * columns >= 3 * n)) {
        square(y, t, x, n, scratch);
        return;
    }
    size_t top = rows < half ? rows : half, left = columns < half ? columns : half;
    rectangle(y, top, t + half, x, left, half, scratch);
    if (columns > half)
        rectangle(y, top, t, x + half, columns - half, half, scratch);
    if (rows > half)
        rectangle(y + half, rows - half, t + n, x, left, half, scratch);
    if (rows > half && columns > half)
        rectangle(y + half, rows - half, t + half, x + half, columns - half, half, scratch);
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* rows x columns words in squares of n, both padded to multiples of n. */
TARGET static void tiles(uint64_t *y, size_t rows, const uint64_t *t, const uint64_t *x, size_t columns,
                         size_t n, uint64_t *scratch)
{
    size_t last = (columns - 1) / n * n;
    for (size_t row = 0; row < rows; row += n)
        for (size_t column = 0; column < columns; column += n)
            rectangle(y + row, smaller(n, rows - row), t + last + row - column, x + column,
                      smaller(n, columns - column), n, scratch);
}

/* The whole hash. All that is derived from the key lies in one piece of memory, wiped at the end. */
TARGET static int toeplitz_karatsuba(const uint8_t *key, size_t key_bits, const uint8_t *seed,
                                     size_t out_bits, uint8_t *out)
{
    size_t columns = (key_bits + 63) / 64, rows = (out_bits + 63) / 64, n = BASE_WORDS;
    while (n < rows && n < columns)
        n *= 2;
    size_t x_words = (columns + n - 1) / n * n, y_words = (rows + n - 1) / n * n;
    size_t n_words = 2 * (x_words + y_words) + 5 * n;
    uint64_t *x = calloc(n_words, sizeof *x);
    if (!x)
        return -1;
    uint64_t *y = x + x_words, *t = y + y_words, *scratch = t + x_words + y_words;
    memcpy(x, key, bytes_for(key_bits));
    lay_out_diagonals(t, seed, key_bits + out_bits - 1, key_bits, x_words);
    tiles(y, rows, t, x, columns, n, scratch);
    memcpy(out, y, bytes_for(out_bits));
    clear_unused(out, out_bits);
    explicit_bzero(x, n_words * sizeof *x);
    free(x);
    return 0;
}
