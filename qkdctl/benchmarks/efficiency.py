"""Draw what error correction costs against the error rate, with the limit of one-way correction at that length.

Usage: ``python -m qkdctl.benchmarks.efficiency OUTPUT.svg [BLOCKS]``

The limit is the normal approximation for frames of which 1 in 100 fails, V = q (1 - q) log2^2((1 - q) / q):
f = 1 + sqrt(V / n) z / h - log2(n) / (2 n h) (Y. Polyanskiy, H. V. Poor and S. Verdu, IEEE Trans. Inf.
Theory 56 (2010) 2307). Corrections that adapt to the errors there are may be below it in the mean.
"""

from __future__ import annotations

import sys
from math import log2, sqrt
from pathlib import Path

import numpy as np

from postproc.bits import Bits
from postproc.estimation.entropy import binary_entropy
from postproc.reconciliation.in_memory import reconcile_bits
from postproc.reconciliation.profile import Method, Profile

QBERS = (0.01, 0.02, 0.03, 0.05, 0.08)
CURVES: tuple[tuple[str, Method, Profile, int, str], ...] = (
    ("LDPC fast, 2^16", "ldpc", "fast", 1 << 16, "#d95f02"),
    ("LDPC efficient, 2^16", "ldpc", "efficient", 1 << 16, "#7570b3"),
    ("LDPC efficient, 2^20", "ldpc", "efficient", 1 << 20, "#1b9e77"),
    ("Cascade efficient, 2^20, Alice's bits", "cascade", "efficient", 1 << 20, "#666666"),
)
WIDTH, HEIGHT, MARGIN = 640, 400, 50
Z_OF_ONE_IN_A_HUNDRED = 2.326
F_TOP = 1.35

Points = list[tuple[float, float]]


def limit(n: int, q: float) -> float:
    """Give the least f of one-way correction of `n` bits, where 1 frame in 100 may fail."""
    spread = sqrt(q * (1 - q) / n) * log2((1 - q) / q)
    h = binary_entropy(q)
    return 1 + spread * Z_OF_ONE_IN_A_HUNDRED / h - log2(n) / (2 * n * h)


def measured(method: Method, profile: Profile, n: int, q: float, blocks: int) -> float:
    """Give f over some blocks, by what Alice tells and the errors there are."""
    rng, told, least = np.random.default_rng(1), 0, 0.0
    for _ in range(blocks):
        alice = Bits.from_bytes(rng.bytes(n // 8))
        bob = alice ^ Bits.from_array(rng.random(n, np.float32) < q)
        least += n * binary_entropy((alice ^ bob).count() / n)
        told += reconcile_bits(alice, bob, qber=q, method=method, profile=profile, rng=rng).alice_bits
    return told / least


def _line(points: Points, colour: str, style: str = "") -> str:
    places = " ".join(f"{_x(q):.1f},{_y(f):.1f}" for q, f in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2" {style}/>'


def _x(q: float) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) * q / max(QBERS)


def _y(f: float) -> float:
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (f - 1) / (F_TOP - 1)


def _text(x: float, y: float, text: str, colour: str = "#333333") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" font-size="13" font-family="sans-serif">{text}</text>'
    )


def _axes() -> list[str]:
    lines = [_line([(0, 1), (max(QBERS), 1)], "#333333"), _line([(0, 1), (0, F_TOP)], "#333333")]
    lines += [_text(_x(q) - 8, HEIGHT - MARGIN + 18, f"{q:.0%}") for q in QBERS]
    lines += [_text(8, _y(f) + 4, f"{f:.2f}") for f in (1.0, 1.1, 1.2, 1.3)]
    return [*lines, _text(WIDTH / 2, HEIGHT - 10, "error rate"), _text(8, 20, "f")]


def picture(curves: dict[str, tuple[Points, str]]) -> str:
    """Draw curves, and the limits for 2^16 and 2^20 bits (dashed)."""
    parts = _axes()
    for row, (name, (points, colour)) in enumerate(curves.items()):
        parts += [_line(points, colour), _text(WIDTH - 290, 30 + 18 * row, name, colour)]
    steps = np.linspace(0.008, 0.08, 60).tolist()
    for exponent in (16, 20):
        points = [(q, limit(1 << exponent, q)) for q in steps]
        parts.append(_line(points, "#000000", 'stroke-dasharray="4 4"'))
        parts.append(_text(_x(points[-1][0]) + 4, _y(points[-1][1]) + 4, f"2^{exponent}"))
    parts.append(_text(WIDTH - 290, 30 + 18 * len(curves), "limits for 2^16 and 2^20 (dashed)", "#000000"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>\n"])


def main(output: str, blocks: str = "8") -> None:
    """Measure and draw."""
    curves = {}
    for name, method, profile, n, colour in CURVES:
        count = int(blocks) * (4 if n == 1 << 16 else 1)
        points = [(q, measured(method, profile, n, q, count)) for q in QBERS]
        print(name, *(f"{q:.0%} {f:.4f}" for q, f in points), flush=True)
        curves[name] = points, colour
    Path(output).write_text(picture(curves), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
