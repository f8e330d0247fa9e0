#include "toeplitz_hash/toeplitz_hash.h"

#include "isa.h"

#define TARGET TARGET_AVX2GFNI
#define LEVEL(name) name##_avx2gfni
#define BASE_WORDS 4
#define TRANSFORM_FROM 6144

#include "toeplitz_hash/square128.h"
#include "toeplitz_hash/karatsuba.inc.h"

#include "toeplitz_hash/lanes256.h"
#include "toeplitz_hash/gfni.inc.h"
#include "toeplitz_hash/transform.inc.h"
#include "toeplitz_hash/exports.inc.h"
