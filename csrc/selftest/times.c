/* Streams of times: their order, their codes, and how two of them meet. */
#include <stdlib.h>
#include <string.h>

#include "selftest/selftest.h"

/* Ascending times; now and then a leap as wide as the type allows. */
static int64_t *random_times(size_t n, size_t largest_step)
{
    int64_t *time_ps = room(n * sizeof *time_ps), now = below(2) ? INT64_MIN : -1000;
    for (size_t i = 0; i < n; i++) {
        int64_t step = (int64_t)(below(200) ? below(largest_step) : random_word() >> 1);
        now = now > INT64_MAX - step ? INT64_MAX : now + step;
        time_ps[i] = now;
    }
    return time_ps;
}

void try_first_disorder(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(100), first = 1;
    int64_t *time_ps = random_times(n, 3);
    if (n && below(2))
        time_ps[below(n)] = INT64_MIN;
    while (first < n && time_ps[first] >= time_ps[first - 1])
        first++;
    expect(kernels->first_disorder(time_ps, n) == (first < n ? first : n), "first_disorder", level, n);
    free(time_ps);
}

/* The times of a stream come back from their code, and no damage to it reads or writes elsewhere. */
void try_ascending(const qkd_kernels *kernels, const char *level)
{
    size_t n = 1 + below(300), room_for = 13 + 40 * n;
    int64_t *values = room(n * sizeof *values), *found = room(n * sizeof *found), now = -(int64_t)below(1000);
    size_t step = 1 + below(3000);
    for (size_t i = 0; i < n; i++)
        values[i] = now += (int64_t)below(step);
    uint8_t *coded = room(room_for);
    size_t size = kernels->pack_ascending(values, n, 9, coded, room_for);
    expect(size > 13 || (size == 13 && n == 1), "pack_ascending", level, n);
    uint8_t *exact = room(size - 13);
    memcpy(exact, coded + 13, size - 13);
    int fault = kernels->unpack_ascending(exact, size - 13, coded[12], values[0], INT64_MAX, n - 1, found);
    expect(!fault && !memcmp(found, values, n * sizeof *values), "unpack_ascending", level, n);
    if (size > 13)
        exact[below(size - 13)] ^= (uint8_t)(1 << below(8));
    kernels->unpack_ascending(exact, size - 13, coded[12], values[0], now, n - 1, found);
    free(values);
    free(found);
    free(coded);
    free(exact);
}

void try_pack_tags(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(2000), most = n ? 8 + 4612 * ((n + 511) / 512) : 0;
    int64_t *time_ps = random_times(n, 1 + below(1000)), *times = room(n * sizeof *times);
    uint8_t *channel = random_bits(8 * n), *channels = room(n), *packed = room(most);
    size_t size = kernels->pack_tags(time_ps, channel, n, packed);
    expect(size <= most, "pack_tags", level, n);
    uint8_t *exact = room(size);
    memcpy(exact, packed, size);
    expect(!kernels->unpack_tags(exact, size, n, times, channels), "unpack_tags", level, n);
    expect(!memcmp(times, time_ps, n * sizeof *times) && !memcmp(channels, channel, n), "unpack_tags", level, n);
    if (size)
        exact[below(size)] ^= (uint8_t)(1 << below(8));
    kernels->unpack_tags(exact, size, n, times, channels);
    free(time_ps);
    free(times);
    free(channel);
    free(channels);
    free(packed);
    free(exact);
}

void try_decode_t2(const qkd_kernels *kernels, const char *level)
{
    size_t n = below(400), tags = 0, every = 1 + below(100);
    uint64_t wraps = below(9), after = wraps, wrap = 1 + below(1 << 25), tick = 1 + below(100);
    int counted = (int)below(2);
    uint32_t *records = room(n * sizeof *records);
    int64_t *time = room(n * sizeof *time);
    uint8_t *channel = room(n);
    for (size_t i = 0; i < n; i++)
        records[i] = below(every) ? (uint32_t)random_word() : (uint32_t)(127u << 25 | below(3));
    size_t found = kernels->decode_t2(records, n, wrap, counted, tick, &after, time, channel);
    for (size_t i = 0; i < n; i++) {
        uint64_t low = records[i] & 0x1ffffff, code = records[i] >> 25;
        if (code == 127) {
            wraps += counted && low ? low : 1;
            continue;
        }
        uint64_t expected = code < 64 ? code + 1 : code > 64 ? code + 64 : 0;
        int same = time[tags] == (int64_t)((wraps * wrap + low) * tick) && channel[tags] == expected;
        expect(tags++ < found && same, "decode_t2", level, n);
    }
    expect(tags == found && wraps == after, "decode_t2", level, n);
    free(records);
    free(time);
    free(channel);
}

void try_coincidences(const qkd_kernels *kernels, const char *level)
{
    size_t n_a = below(300), n_b = below(300), least = n_a < n_b ? n_a : n_b, step = 1 + below(100);
    uint64_t window = below(20) ? below(30) : (uint64_t)INT64_MAX;
    int64_t *a = random_times(n_a, step), *b = random_times(n_b, step);
    uint32_t *index_a = room(least * sizeof *index_a), *index_b = room(least * sizeof *index_b);
    size_t found = kernels->coincidences(a, n_a, b, n_b, window, index_a, index_b), pairs = 0;
    for (size_t i = 0, j = 0; i < n_a && j < n_b;) {
        __int128 later_by = (__int128)b[j] - a[i];
        if (later_by <= (__int128)window && -later_by <= (__int128)window) {
            int same = pairs < found && index_a[pairs] == i && index_b[pairs] == j;
            expect(same, "coincidences", level, n_a);
            pairs++, i++, j++;
        } else if (later_by > 0)
            i++;
        else
            j++;
    }
    expect(pairs == found, "coincidences", level, n_a);
    free(a);
    free(b);
    free(index_a);
    free(index_b);
}

/* All pairs counted; and with fewer allowed than there are, so many and no more. */
void try_correlate(const qkd_kernels *kernels, const char *level)
{
    size_t n_a = below(60), n_b = below(60), n_bins = 1 + below(50), bytes = n_bins * sizeof(uint64_t);
    int64_t first = 100 - (int64_t)below(1000), *a = room(n_a * sizeof *a), *b = room(n_b * sizeof *b), now = 0;
    uint64_t bin = 1 + below(100), total = 0, *counts = room(bytes), *expected = room(bytes);
    for (size_t i = 0; i < n_a; i++)
        a[i] = now += (int64_t)below(50);
    now = 0;
    for (size_t j = 0; j < n_b; j++)
        b[j] = now += (int64_t)below(50);
    memset(expected, 0, bytes);
    for (size_t i = 0; i < n_a; i++)
        for (size_t j = 0; j < n_b; j++) {
            int64_t beyond = b[j] - a[i] - first;
            if (beyond >= 0 && (uint64_t)beyond < bin * n_bins)
                expected[(uint64_t)beyond / bin]++, total++;
        }
    memset(counts, 0, bytes);
    expect(kernels->correlate(a, n_a, b, n_b, first, bin, n_bins, total, counts) == n_a, "correlate", level, n_a);
    expect(!memcmp(counts, expected, bytes), "correlate", level, n_a);
    uint64_t most = total ? below(total) : 0, sum = 0;
    memset(counts, 0, bytes);
    size_t done = kernels->correlate(a, n_a, b, n_b, first, bin, n_bins, most, counts);
    for (size_t i = 0; i < n_bins; i++)
        sum += counts[i];
    expect(sum == most && (total ? done < n_a : done == n_a), "correlate", level, n_a);
    free(a), free(b), free(counts), free(expected);
}
