"""What the samples of a soak say: does memory grow, is anything left open, does throughput hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from qkdctl.soak.footprint import Footprint
from qkdctl.soak.samples import Sample

WARM_UP = 0.15
"""Share of the soak that is not judged: caches fill, tables take their size."""

GROWTH_BYTES_PER_H = 2**20
"""Memory that grows faster than this, with 95 % confidence, counts as growing."""

FIFTHS = 5
HELD = 0.9
"""The last two fifths of the soak must come to this share of the first two, by processor time."""

HOUR_S = 3600.0
MIB = 2**20


def judge(samples: Sequence[Sample]) -> dict[str, Any]:
    """Judge a soak.

    Parameters
    ----------
    samples : sequence of Sample
        Of a session that went on long enough for 20 of them.

    Returns
    -------
    dict
        As JSON has it: ``processes`` (memory, its slope, open files and sockets of each), ``throughput`` by
        fifths of the time, and ``flat``: whether memory, files and throughput all held.
    """
    judged = _steady([sample for sample in samples if sample.t_s >= WARM_UP * samples[-1].t_s])
    names = sorted(judged[0].processes)
    processes = {name: _process([(s.t_s, s.processes[name]) for s in judged]) for name in names}
    throughput = _throughput(judged)
    flat = {
        "memory": not any(each["grows"] for each in processes.values()),
        "files": not any(each["leaks"] for each in processes.values()),
        "throughput": throughput["held"] >= HELD,
    }
    return {
        "duration_s": samples[-1].t_s,
        "recorded_s": samples[-1].recorded_s,
        "sessions": samples[-1].sessions,
        "keys": samples[-1].keys,
        "blocks_without_key": samples[-1].ended,
        "sifted_bits": samples[-1].sifted_bits,
        "secret_bits": samples[-1].secret_bits,
        "processes": processes,
        "throughput": throughput,
        "flat": flat,
    }


def _steady(samples: Sequence[Sample]) -> list[Sample]:
    """Those at which just the processes were there that are there most of the time: none begins or ends."""
    ((usual, _),) = Counter(frozenset(sample.processes) for sample in samples).most_common(1)
    return [sample for sample in samples if sample.processes.keys() == usual]


def _process(looks: list[tuple[float, Footprint]]) -> dict[str, Any]:
    times = np.array([t_s for t_s, _ in looks])
    memory = _column(looks, lambda each: each.memory_bytes)
    opened = _column(looks, lambda each: each.files + each.sockets + each.threads)
    slope, _, low, _ = theilslopes(memory, times, 0.95)
    part = max(len(looks) // FIFTHS, 1)
    return {
        "memory_mib": {
            "first": round(float(np.median(memory[:part])) / MIB, 2),
            "last": round(float(np.median(memory[-part:])) / MIB, 2),
            "peak": round(float(memory.max()) / MIB, 2),
        },
        "growth_mib_per_h": round(float(slope) * HOUR_S / MIB, 3),
        "grows": bool(low * HOUR_S > GROWTH_BYTES_PER_H),
        "files": [looks[0][1].files, looks[-1][1].files],
        "sockets": [looks[0][1].sockets, looks[-1][1].sockets],
        "threads": [looks[0][1].threads, looks[-1][1].threads],
        # What is open for a moment only is no leak: even at its least, a leak stays above what was.
        "leaks": bool(opened[-part:].min() > opened[:part].max()),
        "cpu_s": round(looks[-1][1].cpu_s, 1),
    }


def _column(looks: list[tuple[float, Footprint]], value: Callable[[Footprint], int]) -> NDArray[np.float64]:
    return np.array([value(each) for _, each in looks], np.float64)


def _throughput(samples: Sequence[Sample]) -> dict[str, Any]:
    """Sifted bits a second, and a second of processor time: a machine that others use, too, slows the one alone."""
    marks = [round(i * (len(samples) - 1) / FIFTHS) for i in range(FIFTHS + 1)]
    spans = [(samples[a], samples[b]) for a, b in pairwise(marks)]
    bits = np.array([b.sifted_bits - a.sifted_bits for a, b in spans], np.float64)
    wall_s = np.array([b.t_s - a.t_s for a, b in spans])
    cpu_s = np.array([_cpu_s(b) - _cpu_s(a) for a, b in spans])
    per_cpu = bits / np.maximum(cpu_s, 1e-9)
    first, last = float(np.mean(per_cpu[:2])), float(np.mean(per_cpu[-2:]))
    return {
        "sifted_bits_per_s": [round(rate) for rate in bits / wall_s],
        "sifted_bits_per_cpu_s": [round(rate) for rate in per_cpu],
        "held": round(last / first, 4) if first else 0.0,
    }


def _cpu_s(sample: Sample) -> float:
    return sum(each.cpu_s for each in sample.processes.values())
