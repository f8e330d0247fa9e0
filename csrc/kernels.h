/* What the kernels offer to Python. C and cffi both read this file, so that they cannot disagree:
 * build_cffi.py drops the preprocessor's lines and hands the rest to cffi.
 *
 * Bit strings are packed eight to a byte, bit i at bytes[i >> 3] >> (i & 7) & 1, unused bits zero.
 * No kernel reads or writes beyond the lengths it is given, and none asks for aligned bit strings. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Bob's search for errors in Cascade, of one block: the passes open so far. */
typedef struct qkd_search qkd_search;

/* Bob's decoding of one LDPC frame: what he believes of its bits. */
typedef struct qkd_decoder qkd_decoder;

typedef struct {
    /* Alice's part of Cascade: the prefix parities at some cuts, counts[p] of them in pass p, packed as
     * cascade_tell/packed_cuts.h says. Cuts go from 1 to n_places, 64 to 2^31, and are told once: told[p] holds a
     * mark for each told before. A pass that is not open is NULL.
     * Gives 0, CUTS_MISCOUNTED, CUT_OUTSIDE or CUT_REPEATED; after these nothing may be said. */
    int (*cascade_tell)(const uint8_t *const *prefix, uint8_t *const *told, size_t n_places,
                        const uint32_t *counts, size_t n_passes, const uint8_t *cuts, size_t n_bytes,
                        uint8_t *parities);
    /* Those at the ends of the first n blocks of a pass that was opened just now. */
    void (*cascade_tell_ends)(const uint8_t *prefix, uint8_t *told, size_t n_places, size_t block, size_t n,
                              uint8_t *parities);

    /* Pair two ascending streams greedily, one to one; gives the number of pairs, at most min(n_a, n_b), or
     * SIZE_MAX if a stream does not ascend. */
    size_t (*coincidences)(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b,
                           uint64_t window_ps, uint32_t *index_a, uint32_t *index_b);

    /* Count all pairs of two ascending streams by b - a: counts[k] grows by those from first_ps + k * bin_ps to below
     * the next bin. The span of the bins is below 2^53, and times lie within +-2^62. Ends after most_pairs; gives how
     * many tags of a were dealt with: n_a, unless there were more pairs. */
    size_t (*correlate)(const int64_t *a_ps, size_t n_a, const int64_t *b_ps, size_t n_b, int64_t first_ps,
                        uint64_t bin_ps, size_t n_bins, uint64_t most_pairs, uint64_t *counts);

    /* Decode T2 records to times, (wraps * wrap + time) * tick modulo 2^64, and logical channels: 0 the sync
     * input, k + 1 input k, 128 + k the markers k. `wrap` is in ticks, and `tick` below 2^32; `counted` says
     * that a record may stand for several wraps. Takes the wraps before the first record from `wraps`, and
     * leaves there those after the last. Gives the number of tags; both outputs have room for n. */
    size_t (*decode_t2)(const uint32_t *records, size_t n, uint64_t wrap, int counted, uint64_t tick,
                        uint64_t *wraps, int64_t *time, uint8_t *channel);

    /* Wipe and free. */
    void (*decoder_free)(qkd_decoder *decoder);
    /* Decode for a code that ldpc_fault() finds sound and that stays where it is; NULL if there is no memory. */
    qkd_decoder *(*decoder_new)(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                                const uint8_t *shift, size_t n_entries, size_t n_columns);
    /* Find bits with a given syndrome, from what is believed of them; another run goes on from there.
     * The tables are four roundings of phi and of its inverse, and the latter again for late sweeps: 128 bytes
     * each, what is below 128 in and out, but for phi(0), which is 128; inverses are at most LARGEST_ANSWER, that
     * of 127 is 0. Ends after max_sweeps, at least 1, or, if patience is not 0, with success or when `patience`
     * sweeps on end fulfil no more checks than one before.
     * Gives the number of sweeps it took; 0 if the bits found do not fit. */
    int (*decoder_run)(qkd_decoder *decoder, const uint8_t *tables, const uint8_t *syndrome, size_t max_sweeps,
                       size_t patience, uint8_t *out);
    /* Begin with what is known at first: bits, 64 to a column; of those in `known` for certain, of those in
     * `unknown` nothing, of the others to a log-likelihood ratio of +-ratio, 0 to 127. */
    void (*decoder_start)(qkd_decoder *decoder, const uint8_t *bits, const uint8_t *known, const uint8_t *unknown,
                          int ratio);

    /* Index of the first tag that is earlier than the one before it, or n. */
    size_t (*first_disorder)(const int64_t *time_ps, size_t n);

    /* Slots of ascending times: slot k is centred on start_ps + centre_ps + k * period_ps. Keeps the first time of
     * each slot that is at most half_gate_ps from the centre, if the slot is below n_slots < 2^32 - 1; gives how
     * many, with their slots, indices, and how far they are behind the centres. The outputs have room for n <
     * 2^32. `n_inside` counts all times that near to a centre. */
    size_t (*gate_slots)(const int64_t *time_ps, size_t n, int64_t start_ps, double centre_ps, double period_ps,
                         double half_gate_ps, uint32_t n_slots, uint32_t *slot, uint32_t *index,
                         double *beyond_ps, uint64_t *n_inside);

    /* Count what shows that bits are not random: HEALTH_COUNTS numbers. The ones; for each d from 1 to LAGS, how
     * many bits differ from the bit d later; how often each of NIBBLES values of four bits comes, the first bit
     * the lowest; and the length of the longest run of equal bits. */
    void (*health_counts)(const uint8_t *bits, size_t n_bits, uint64_t *counts);

    /* What is wrong with a quasi-cyclic code of lifting size 64; CODE_SOUND if nothing is. */
    int (*ldpc_fault)(const uint32_t *row_start, size_t n_rows, const uint32_t *column, const uint8_t *shift,
                      size_t n_entries, size_t n_columns);
    /* Syndrome of a quasi-cyclic code of lifting size 64; the output is untouched if the code is faulty. */
    int (*ldpc_syndrome)(const uint32_t *row_start, size_t n_rows, const uint32_t *column,
                         const uint8_t *shift, size_t n_entries, const uint8_t *bits, size_t n_columns,
                         uint8_t *syndrome);

    /* Compare announced bases with prepared states, whose bit 0 is the basis: match[i] says whether they are equal,
     * and the states of those that are go to `kept`, which has room for n. Gives their number. */
    size_t (*match_bases)(const uint8_t *states, const uint32_t *slot, const uint8_t *basis, size_t n,
                          uint8_t *match, uint8_t *kept);

    /* Code ascending integers, 1 <= n < 2^32, as postproc/ascending.py describes; low_bits, at most 47, or one more
     * are left as they are. Gives the number of bytes, or 0 if they descend somewhere or take more than `room`. */
    size_t (*pack_ascending)(const int64_t *values, size_t n, unsigned low_bits, uint8_t *out, size_t room);

    /* Pack ascending time tags as recordings keep them (pack_tags/frame.h); gives the number of bytes, at most
     * 8 + 4612 for each 512 tags begun. */
    size_t (*pack_tags)(const int64_t *time_ps, const uint8_t *channel, size_t n, uint8_t *out);
    /* Put 64 n_words bits into an order that `random`, PERMUTATION_WORDS words, chooses; or back. Gives 0, or
     * -NO_MEMORY. */
    int (*permute)(const uint64_t *random, const uint8_t *from, size_t n_words, int backwards, uint8_t *to);

    /* Number of ones. */
    uint64_t (*popcount)(const uint8_t *bytes, size_t n_bytes);

    /* out[i] = bits[0] ^ ... ^ bits[i]. */
    void (*prefix_parity)(const uint8_t *bits, size_t n_bits, uint8_t *out);

    /* Start with Bob's key of 64 n_words bits, n_words from 1 to 2^25; NULL if there is no memory. */
    qkd_search *(*search_new)(const uint8_t *key, size_t n_words);
    /* Wipe and free. */
    void (*search_free)(qkd_search *search);
    /* Open a pass, at most MAX_PASSES: random is a permutation's words, or one word for a subset; `parities`
     * are Alice's before the ends of the blocks. Gives 0 or -NO_MEMORY, after which only search_free() may come. */
    int (*search_open)(qkd_search *search, int kind, const uint64_t *random, size_t block_places,
                       const uint8_t *parities);
    /* Correct what has been found, and choose the next cuts, at most `spare` of them in vain to save rounds.
     * `counts` gets the number in each of MAX_PASSES passes, `cuts` where they stand, packed as
     * cascade_tell/packed_cuts.h says, until the next call. Gives the sum, -NO_MEMORY or -CONTRADICTION. */
    ptrdiff_t (*search_choose)(qkd_search *search, size_t spare, uint32_t *counts, const uint8_t **cuts);
    /* Take Alice's parities at these cuts. Gives 0 or -NO_MEMORY. */
    int (*search_take)(qkd_search *search, const uint8_t *parities);
    /* The key as far as it is corrected. */
    void (*search_key)(const qkd_search *search, uint8_t *key);

    /* Slide detections along prepared states: at lag d, detection k meets state slot[k] + d. Its outcome, basis + 2
     * bit, and the state's low two bits agree (+1), differ in the bit (-1), or in the basis or there is no such state
     * (0). Gives the n_best lags with the highest sums, best first, of equal ones the earlier, and how many: all if
     * there are fewer. Bit i of plane p says whether state i has outcome p; each of the four planes of plane_bytes
     * has SLIDE_MARGIN bytes of zeros before and after its bits. Slots ascend; fewer than 2^15 of them. */
    size_t (*slide_states)(const uint8_t *planes, size_t plane_bytes, size_t n_states, const int64_t *slot,
                           const uint8_t *outcome, size_t n, int64_t first_lag, size_t n_lags, size_t n_best,
                           int32_t *score, int64_t *lag);

    /* Parity of the bits in a random subset, which one random word chooses. */
    unsigned (*subset_parity)(uint64_t subset, const uint8_t *bits, size_t n_words);

    /* out[i] = XOR over j of seed[i + key_bits - 1 - j] & key[j]; the seed has key_bits + out_bits - 1 bits.
     * Gives 0, or -1 if there is no memory for scratch. Both lengths are at least 1. Fast as long as the seed
     * has at most TOEPLITZ_TRANSFORM_BITS; beyond, the four that follow are faster. */
    int (*toeplitz_hash)(const uint8_t *key, size_t key_bits, const uint8_t *seed, size_t out_bits,
                         uint8_t *out);

    /* The same in blocks of half a transform: spectra of the key's blocks, counted from its end, and of the
     * seed's, each with the block after it; their products, hash block r = sum over c of key block c times
     * seed block r + c, for points from `first` to `end`, multiples of 64; and the hash's blocks from the
     * products, which it destroys. A spectrum is TOEPLITZ_TRANSFORM_BITS / 32 words; `stride` words lie from
     * one to the next, a multiple of 16. Give 0, or -1 if there is no memory for scratch. */
    int (*toeplitz_key_block)(const uint8_t *key, size_t key_bits, size_t block, uint64_t *spectrum);
    int (*toeplitz_seed_block)(const uint8_t *seed, size_t seed_bits, size_t block, uint64_t *spectrum);
    int (*toeplitz_multiply)(uint64_t *hashes, size_t n_hashes, const uint64_t *seeds, const uint64_t *keys,
                             size_t n_keys, size_t stride, size_t first, size_t end);
    int (*toeplitz_hash_block)(uint64_t *spectrum, size_t out_bits, size_t block, uint8_t *out);
    /* Decode n_steps + 1 integers from `first` up to `most` at most, coded in n_bytes behind the head, which are
     * at least n_steps * low_bits bits; low_bits is at most 48. Gives 0, or 1 if the bytes are anything else, and
     * then `values` is filled with anything. */
    int (*unpack_ascending)(const uint8_t *coded, size_t n_bytes, unsigned low_bits, int64_t first, int64_t most,
                            size_t n_steps, int64_t *values);

    /* Unpack n time tags that pack_tags packed; gives 0, or 1 if the bytes are not n packed tags, and then the
     * outputs are filled with anything. Times wrap around modulo 2^64. */
    int (*unpack_tags)(const uint8_t *packed, size_t n_bytes, size_t n, int64_t *time_ps, uint8_t *channel);
} qkd_kernels;

/* What can be wrong with a code, or with what is done with it. */
enum { CODE_SOUND, CODE_BAD_ROWS, CODE_BAD_COLUMN, CODE_BAD_SHIFT, NO_MEMORY };

/* What a check may answer in LDPC decoding, at most. */
enum { LARGEST_ANSWER = 56 };

/* Kinds of passes in Cascade, how many there can be, and what can go wrong. */
enum { PASS_NATURAL, PASS_SHUFFLED, PASS_CHOSEN };
enum { MAX_PASSES = 16, PERMUTATION_WORDS = 38, CUTS_MISCOUNTED = 1, CUT_OUTSIDE, CUT_REPEATED, CONTRADICTION = 8 };

/* What health_counts counts. */
enum { LAGS = 64, NIBBLES = 16, HEALTH_COUNTS = 1 + LAGS + NIBBLES + 1 };

/* The longest transform of toeplitz_hash, in bits of the seed. */
enum { TOEPLITZ_TRANSFORM_BITS = 4194304 };

/* Zeros before and after each plane of slide_states, in bytes. */
enum { SLIDE_MARGIN = 80 };

/* The levels of instruction set, each including those before it. */
enum { LEVEL_SCALAR, LEVEL_AVX2, LEVEL_AVX2GFNI, LEVEL_AVX512 };

/* The best variant of each kernel not above a level; NULL if the level is unknown or this CPU lacks it. */
const qkd_kernels *qkd_kernels_at(int level);
