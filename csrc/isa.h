/* The levels of instruction set: what a variant may use, and how to ask the CPU for exactly that.
 *
 * Target attributes, not per-file -m flags: flags leak into inline functions of shared headers, which
 * the linker may then pick for every level. */
#pragma once

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !defined(__SIZEOF_INT128__)
#error "the kernels need a 64-bit little-endian CPU"
#endif

#if defined(__x86_64__)

/* Haswell, Zen and later. */
#define TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul")))

static inline int cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
        && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("pclmul");
}

/* Alder Lake and its successors without AVX-512. */
#define TARGET_AVX2GFNI __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,gfni")))

static inline int cpu_has_avx2gfni(void)
{
    return cpu_has_avx2() && __builtin_cpu_supports("gfni");
}

/* Ice Lake, Zen 4 and later: one generation of AVX-512 that has it all, rather than a maze of subsets. */
#define TARGET_AVX512                                                                                        \
    __attribute__((target("avx2,bmi,bmi2,popcnt,pclmul,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,"       \
                          "avx512vbmi2,avx512vpopcntdq,vpclmulqdq,gfni")))

static inline int cpu_has_avx512(void)
{
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2")
        && __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("vpclmulqdq")
        && __builtin_cpu_supports("gfni");
}

#endif
