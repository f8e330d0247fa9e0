#include "first_disorder/first_disorder.h"

size_t first_disorder_scalar(const int64_t *time_ps, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (time_ps[i] < time_ps[i - 1])
            return i;
    return n;
}
