/* GF(2^16) as the transform sees it: pairs (b0, b1) = b0 + b1 u over GF(2^8) with the AES polynomial
 * x^8 + x^4 + x^3 + x + 1, and u^2 + u = 0x84. Linear maps of bytes are written by columns: byte j of the
 * constant is the image of bit j.
 *
 * Evaluation points are sums of a Cantor basis v0 = 1, v_i^2 + v_i = v_(i-1); the first eight elements
 * span GF(2^8) (D. G. Cantor, J. Combin. Theory A 50 (1989) 285). Key bits are coefficients of powers of
 * z = 0x102, which generates the field: bytes multiply as polynomials, because 15 coefficients fit. */
#pragma once
#include <stdint.h>

#define U_SQUARED_PLUS_U 0x84

static const uint16_t CANTOR_BASIS[16] = {0x0001, 0x00bc, 0x005c, 0x000c, 0x00ae, 0x005a, 0x000e, 0x0084,
                                          0x0100, 0xbcc0, 0x5c90, 0x0c26, 0xaed8, 0x5a4c, 0x0ef6, 0x8494};

/* The maps between bits and elements. */
enum { KEY_TO_B0, KEY_TO_B1, LOWER_TO_B0, UPPER_TO_B0, LOWER_TO_B1, UPPER_TO_B1, B0_TO_HASH, B1_TO_HASH, TIMES_U2, N_MAPS };

static const uint64_t MAP_COLUMNS[N_MAPS] = {
    /* Eight key bits, last first, to the sum of their powers of z. */
    [KEY_TO_B0] = 0x0102809f1eb81df3,
    [KEY_TO_B1] = 0x00010183011d9fa7,
    /* Sixteen seed bits to the sum of their elements of the basis that is dual to 1, z .. z^15 under the
     * bilinear form (x, y) -> bit 0 of x y: what the lower and the upper eight bits give. */
    [LOWER_TO_B0] = 0xd4603ecc568c4c5b,
    [UPPER_TO_B0] = 0x00d4d48ad4e2bcd0,
    [LOWER_TO_B1] = 0xd7ae918e5da974c8,
    [UPPER_TO_B1] = 0x1828b40b8f4630f4,
    /* An element y to the eight bits (z^i, y). */
    [B0_TO_HASH] = 0xba74d4f8a080acc9,
    [B1_TO_HASH] = 0x60801ea8a8605648,
    /* The product with u^2 + u. */
    [TIMES_U2] = 0xac562b984c261384,
};

/* The columns of the product with a fixed element of GF(2^8). */
static inline uint64_t times_columns(unsigned element)
{
    uint64_t columns = 0;
    for (int j = 0; j < 8; j++) {
        columns |= (uint64_t)element << 8 * j;
        element = element << 1 ^ (element >> 7) * 0x11b;
    }
    return columns;
}

static inline unsigned times_u_squared_plus_u(unsigned element)
{
    unsigned product = 0;
    for (int j = 0; j < 8; j++)
        product ^= (times_columns(U_SQUARED_PLUS_U) >> 8 * j & 0xff) * (element >> j & 1);
    return product;
}

/* Evaluation point number i. */
static inline unsigned point(unsigned i)
{
    unsigned sum = 0;
    for (int bit = 0; bit < 16; bit++)
        sum ^= CANTOR_BASIS[bit] * (i >> bit & 1);
    return sum;
}
