#include "toeplitz_hash/toeplitz_hash.h"

#include "isa.h"

#define TARGET TARGET_AVX2
#define LEVEL(name) name##_avx2
#define BASE_WORDS 4
#define TRANSFORM_FROM 16384

#include "toeplitz_hash/square128.h"
#include "toeplitz_hash/karatsuba.inc.h"

#include "toeplitz_hash/lanes256.h"
#include "toeplitz_hash/nibbles.inc.h"
#include "toeplitz_hash/transform.inc.h"
#include "toeplitz_hash/exports.inc.h"
