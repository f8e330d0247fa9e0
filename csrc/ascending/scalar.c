/* Ascending integers by the steps between them, in Rice's code: first all upper parts in unary, then all lower
 * ones. postproc/ascending.py describes the form. */
#include "ascending/ascending.h"

#include "words.h"

enum { HEAD_BYTES = 13 };

typedef struct {
    uint8_t *at;
    uint64_t word;
    unsigned fill; /* bits in `word` that are not written yet */
} bit_writer;

static inline void put_zeros_and_a_one(bit_writer *w, uint64_t zeros)
{
    for (zeros += w->fill; zeros >= 64; zeros -= 64, w->at += 8, w->word = 0)
        store_word(w->at, w->word);
    w->word |= (uint64_t)1 << zeros;
    w->fill = (unsigned)zeros + 1;
}

/* At most 63 bits. */
static inline void put_bits(bit_writer *w, uint64_t bits, unsigned n)
{
    w->word |= bits << w->fill;
    w->fill += n;
    if (w->fill < 64)
        return;
    store_word(w->at, w->word);
    w->at += 8;
    w->fill -= 64;
    w->word = bits >> (n - w->fill);
}

static uint8_t *finish(bit_writer *w)
{
    size_t n_bytes = (w->fill + 7) / 8;
    memcpy(w->at, &w->word, n_bytes);
    return w->at + n_bytes;
}

static inline uint64_t step_to(const int64_t *values, size_t i)
{
    return (uint64_t)values[i + 1] - (uint64_t)values[i];
}

static void write_steps(const int64_t *values, size_t n_steps, unsigned low_bits, uint8_t *out)
{
    bit_writer upper = {out, 0, 0};
    for (size_t i = 0; i < n_steps; i++)
        put_zeros_and_a_one(&upper, step_to(values, i) >> low_bits);
    bit_writer lower = {finish(&upper), 0, 0};
    uint64_t mask = ((uint64_t)1 << low_bits) - 1;
    for (size_t i = 0; i < n_steps; i++)
        put_bits(&lower, step_to(values, i) & mask, low_bits);
    finish(&lower);
}

size_t pack_ascending_scalar(const int64_t *values, size_t n, unsigned low_bits, uint8_t *out, size_t room)
{
    size_t n_steps = n - 1;
    uint64_t upper[2] = {0, 0};
    int descends = 0;
    for (size_t i = 0; i < n_steps; i++) {
        descends |= values[i + 1] < values[i];
        upper[0] += step_to(values, i) >> low_bits;
        upper[1] += step_to(values, i) >> low_bits >> 1;
    }
    unsigned more = upper[1] + n_steps < upper[0];
    uint64_t unary_bits = upper[more] + n_steps, size = HEAD_BYTES + (unary_bits + 7) / 8;
    low_bits += more;
    size += (n_steps * low_bits + 7) / 8;
    if (descends || size > room)
        return 0;
    uint32_t count = (uint32_t)n_steps;
    memcpy(out, values, 8);
    memcpy(out + 8, &count, 4);
    out[12] = (uint8_t)low_bits;
    write_steps(values, n_steps, low_bits, out + HEAD_BYTES);
    return size;
}

static inline uint64_t word_at(const uint8_t *bytes, size_t n_bytes, size_t at)
{
    return at + 8 <= n_bytes ? load_word(bytes + at) : load_tail(bytes + at, n_bytes - at);
}

/* The code ends in less than a byte of zeros. */
static int ends_well(uint64_t rest_of_word, uint64_t end, size_t n_bytes)
{
    return !rest_of_word && 8 * (uint64_t)n_bytes - end < 8;
}

int unpack_ascending_scalar(const uint8_t *coded, size_t n_bytes, unsigned low_bits, int64_t first, int64_t most,
                            size_t n_steps, int64_t *values)
{
    size_t lower_bytes = (n_steps * low_bits + 7) / 8, upper_bytes = n_bytes - lower_bytes;
    const uint8_t *lower = coded + upper_bytes;
    uint64_t mask = ((uint64_t)1 << low_bits) - 1, base = 0, end = 0, lower_at = 0;
    uint64_t word = word_at(coded, upper_bytes, 0), room = (uint64_t)most - (uint64_t)first;
    values[0] = first;
    for (size_t i = 0; i < n_steps; i++, lower_at += low_bits) {
        while (!word) {
            base += 64;
            if (base / 8 >= upper_bytes)
                return 1;
            word = word_at(coded, upper_bytes, base / 8);
        }
        uint64_t one = base + (unsigned)__builtin_ctzll(word), upper = one - end;
        uint64_t low = low_bits ? word_at(lower, lower_bytes, lower_at / 8) >> lower_at % 8 & mask : 0;
        word &= word - 1;
        end = one + 1;
        if (upper > room >> low_bits || (upper << low_bits | low) > room)
            return 1;
        room -= upper << low_bits | low;
        values[i + 1] = (int64_t)((uint64_t)most - room);
    }
    unsigned unused = (unsigned)(8 * lower_bytes - lower_at);
    return !ends_well(word, end, upper_bytes) || (lower_bytes && lower[lower_bytes - 1] >> (8 - unused));
}
