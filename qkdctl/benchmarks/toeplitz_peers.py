"""Others who hash by a Toeplitz matrix, or multiply polynomials over GF(2): those that are installed.

None is needed. ``pip install cryptomite galois pyfftw`` and ``apt install libgf2x3`` add their lines to the
bench. Each runs only up to the size at which it takes a second or two.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import scipy.fft

from postproc.amplification import seed_to
from postproc.bits import Bits

Peer = Callable[[Bits, Bits], Bits]


def peers(n: int) -> Iterator[tuple[str, Peer]]:
    """Those worth running on n bits of key, by name."""
    yield "numpy FFT", by_numpy
    if find_spec("galois") and n <= 2**14:
        yield "galois", by_galois
    if find_spec("cryptomite") and n <= 2**20:
        yield "cryptomite", by_cryptomite
    if find_spec("pyfftw"):
        yield "FFTW", by_fftw
    if ctypes.util.find_library("gf2x"):
        yield "gf2x", partial(by_gf2x, ctypes.CDLL(ctypes.util.find_library("gf2x")))


def by_numpy(key: Bits, seed: Bits) -> Bits:
    """What most Python packages do: a convolution of doubles, rounded, modulo two."""
    return _by_fft(key, seed, np.fft.rfft, np.fft.irfft)


def by_fftw(key: Bits, seed: Bits) -> Bits:
    """Convolve alike with FFTW; plans are kept between calls."""
    interfaces = import_module("pyfftw.interfaces")
    interfaces.cache.enable()
    return _by_fft(key, seed, interfaces.numpy_fft.rfft, interfaces.numpy_fft.irfft)


def by_galois(key: Bits, seed: Bits) -> Bits:
    """Convolve over GF(2) by definition."""
    gf2 = import_module("galois").GF2
    product = np.convolve(gf2(seed.to_array()), gf2(key.to_array()))
    return Bits.from_array(np.asarray(product[len(key) - 1 : len(seed)]))


def by_cryptomite(key: Bits, seed: Bits) -> Bits:
    """A number-theoretic transform; the seed is brought into its order."""
    n, m = len(key), len(seed) - len(key) + 1
    extractor = import_module("cryptomite").Toeplitz(n, m)
    wrapped = seed_to("wrapped", seed, n, m)
    return Bits.from_array(
        np.asarray(extractor.extract(key.to_array().tolist(), wrapped.to_array().tolist()))
    )


def by_gf2x(library: ctypes.CDLL, key: Bits, seed: Bits) -> Bits:
    """The whole product over GF(2), of which the middle is kept."""
    x, s = _words(key), _words(seed)
    product = np.empty(len(x) + len(s), np.uint64)
    a, b, c = (ctypes.c_void_p(array.ctypes.data) for array in (x, s, product))
    failed = library.gf2x_mul(c, a, ctypes.c_long(len(x)), b, ctypes.c_long(len(s)))
    assert not failed, "gf2x ran out of memory"
    return Bits.from_bytes(product.tobytes()).slice(len(key) - 1, len(seed))


def _words(bits: Bits) -> np.ndarray:
    return np.frombuffer(bits.to_bytes().ljust(-(-len(bits) // 64) * 8, b"\0"), np.uint64)


def _by_fft(key: Bits, seed: Bits, rfft: Callable[..., np.ndarray], irfft: Callable[..., np.ndarray]) -> Bits:
    size = scipy.fft.next_fast_len(len(seed), real=True)
    product = irfft(rfft(seed.to_array(), size) * rfft(key.to_array(), size), size)
    return Bits.from_array(np.rint(product[len(key) - 1 : len(seed)]).astype(np.int64) & 1)
