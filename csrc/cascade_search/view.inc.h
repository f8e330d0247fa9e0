/* Bob's view of one pass of Cascade: his bits in its order, and what he knows of the intervals between cuts.
 *
 * A cut is a place before which Alice has told the parity of all bits of the pass. An interval goes from a
 * cut to the next and is named by its start; it is odd if its parity differs from Alice's. All that a place
 * needs to know stands in one cell of 32 bytes, so that an interval, its parity and its neighbours are
 * mostly one cache line away.
 *
 * Included once by each variant, which defines first TARGET, its target attribute. */
#include <stdlib.h>
#include <string.h>

#include "permute/permutation.h"

typedef struct {
    uint64_t bits; /* Bob's */
    uint64_t cuts; /* where intervals start */
    uint64_t told; /* at cuts: the parity of Alice's bits before them */
    uint64_t odd;  /* at cuts: whether the interval that starts there is odd */
} cell;

typedef struct {
    uint32_t start, end;
} span;

typedef struct {
    span *items;
    size_t length, room;
} spans;

typedef struct {
    int kind;
    uint64_t subset;
    permutation order;
    cell *cells;   /* one more than there are words */
    spans queue;   /* odd intervals of more than one bit; some may have turned even since */
    spans asked;   /* those whose inner cuts Bob has asked for */
    spans alone;   /* odd intervals of one bit: that bit is wrong */
} view;

TARGET static inline unsigned bit_of(uint64_t word, uint32_t place)
{
    return word >> (place & 63) & 1;
}

TARGET static inline int is_odd(const view *v, uint32_t start)
{
    return (int)bit_of(v->cells[start >> 6].odd, start);
}

/* Make room for `more` spans; 0 if there is no memory. */
static inline int reserve(spans *list, size_t more)
{
    if (list->length + more <= list->room)
        return 1;
    size_t room = 2 * list->room + more + 64;
    span *items = realloc(list->items, room * sizeof *items);
    if (!items)
        return 0;
    list->items = items;
    list->room = room;
    return 1;
}

/* Note an odd interval; there is room. */
static inline void push_odd(view *v, uint32_t start, uint32_t end)
{
    spans *list = end - start == 1 ? &v->alone : &v->queue;
    list->items[list->length++] = (span){start, end};
}

TARGET static inline unsigned parity_of(uint64_t word)
{
    return (unsigned)__builtin_popcountll(word) & 1;
}

/* Parity of Bob's bits from `start` to before `end`, which is later. */
TARGET static inline unsigned parity_between(const cell *cells, uint32_t start, uint32_t end)
{
    uint32_t first = start >> 6, last = end >> 6, by = start & 63;
    if (end - start <= 64) {
        uint64_t word = cells[first].bits >> by | cells[first + 1].bits << 1 << (63 - by);
        return parity_of(word << (64 - (end - start)));
    }
    uint64_t sum = (cells[first].bits & ~(uint64_t)0 << by) ^ (cells[last].bits & (((uint64_t)1 << (end & 63)) - 1));
    for (uint32_t i = first + 1; i < last; i++)
        sum ^= cells[i].bits;
    return parity_of(sum);
}

/* The start of the interval that holds a place. There is always a cut at 0. */
TARGET static inline uint32_t start_of(const cell *cells, uint32_t place)
{
    uint32_t word = place >> 6;
    uint64_t cuts = cells[word].cuts & ~(uint64_t)0 >> (63 - (place & 63));
    while (!cuts)
        cuts = cells[--word].cuts;
    return word << 6 | (63 - (uint32_t)__builtin_clzll(cuts));
}

/* The next cut after a place. There is always one at the end. */
TARGET static inline uint32_t end_of(const cell *cells, uint32_t place)
{
    uint32_t word = ++place >> 6;
    uint64_t cuts = cells[word].cuts & ~(uint64_t)0 << (place & 63);
    while (!cuts)
        cuts = cells[++word].cuts;
    return word << 6 | (uint32_t)__builtin_ctzll(cuts);
}

TARGET static inline void add_cut(cell *cells, uint32_t place)
{
    cells[place >> 6].cuts |= (uint64_t)1 << (place & 63);
}

/* Flip a bit; its interval changes sides. There is room in the lists. */
TARGET static inline void flip_place(view *v, uint32_t place)
{
    v->cells[place >> 6].bits ^= (uint64_t)1 << (place & 63);
    uint32_t start = start_of(v->cells, place);
    v->cells[start >> 6].odd ^= (uint64_t)1 << (start & 63);
    if (is_odd(v, start))
        push_odd(v, start, end_of(v->cells, place));
}

/* Use Alice's parity at a cut inside an interval: its halves' sides follow. */
TARGET static inline unsigned left_half_odd(cell *cells, span whole, uint32_t cut, unsigned told)
{
    cell *left = cells + (whole.start >> 6), *right = cells + (cut >> 6);
    unsigned odd = told ^ bit_of(left->told, whole.start) ^ parity_between(cells, whole.start, cut);
    uint64_t at_cut = bit_of(left->odd, whole.start) ^ odd;
    left->odd ^= at_cut << (whole.start & 63);
    right->odd |= at_cut << (cut & 63);
    /* Two stores, please: after one of 16 bytes a load of 8 has to wait. */
    __asm__ volatile("" ::: "memory");
    right->told |= (uint64_t)told << (cut & 63);
    return odd;
}
