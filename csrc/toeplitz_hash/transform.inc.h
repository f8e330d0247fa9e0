/* The hash as y = P^T s: P multiplies a polynomial of out_bits coefficients by the key, last bit first, and
 * s is the seed. P goes by transforms over n + m bits, and so do their adjoints for P^T: no product of the
 * full length 2 n + m is ever needed. (Transposed products: G. Hanrot, M. Quercia and P. Zimmermann, AAECC
 * 14 (2004) 415.) No branch and no address depends on the key.
 *
 * The includer defines TARGET, and by lanes256.h, lanes512.h or words.inc.h and gfni.inc.h or nibbles.inc.h
 *     LANES, LOG_LANES    words in a vector: 1, 4 or 8,
 *     vector, words       its type, and the same at any address,
 *     transpose(v)        of LANES vectors,
 *     matrix              a linear map of bytes: apply(), add_matrices(), to_store(), from_store(),
 *     lane_offset         GF(2^8) twiddles that differ by lane: set_lane_offset() for point stride * k +
 *                         first in lane k, offset_matrix() + apply_odd() to multiply by twiddle and offset,
 *     dot(x, y, above)    see products.inc.h. */
#include "kernels.h"

INLINE size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Below, the transform would be mostly empty: it needs a row of 256 points for each lane. */
#define SHORTEST_TRANSFORM_BITS 65536

/* The least number of points, 2^k or 3 * 2^k, with room for so many bits. */
static inline size_t points_for(size_t n_bits)
{
    size_t n = 2048;
    while (64 * n < n_bits)
        n *= 2;
    return 64 * (n / 4 * 3) >= n_bits ? n / 4 * 3 : n;
}

/* Words of scratch: what the change of basis may walk over, and a vector before and after. */
static inline size_t scratch_words(size_t n_points)
{
    size_t n = 256 * 16;
    while (n < n_points)
        n *= 2;
    return n + 2 * 8;
}

#include "toeplitz_hash/basis.inc.h"
#include "toeplitz_hash/butterflies.inc.h"
#include "toeplitz_hash/spectrum.inc.h"
#include "toeplitz_hash/products.inc.h"

/* One block: n + m bits fit a transform. All that is derived from the key lies in one piece of memory,
 * wiped at the end. */
TARGET static int toeplitz_transform(const uint8_t *key, size_t key_bits, const uint8_t *seed,
                                     size_t out_bits, uint8_t *out)
{
    size_t n_points = points_for(key_bits + out_bits - 1), n_pairs = n_points / LANES;
    size_t n_bytes = 2 * n_pairs * sizeof(pair) + scratch_words(n_points) * sizeof(uint64_t);
    pair *x = aligned_alloc(64, n_bytes), *s = x + n_pairs;
    if (!x)
        return -1;
    uint64_t *f = (uint64_t *)(s + n_pairs) + 8;
    key_spectrum(x, n_points, f, key, key_bits, 0, (key_bits + 63) / 64);
    seed_spectrum(s, n_points, f, seed, key_bits + out_bits - 1, 0);
    multiply(x, s, n_points);
    hash_of_spectrum(f, (out_bits + 63) / 64, x, n_points);
    memcpy(out, f, bytes_for(out_bits));
    clear_unused(out, out_bits);
    explicit_bzero(x, n_bytes);
    free(x);
    return 0;
}
