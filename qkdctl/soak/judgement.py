"""What the samples of a soak say: does memory grow, is anything left open, does throughput hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qkdctl.node.memory import OBJECT_BYTES, InUse
from qkdctl.soak.footprint import Footprint
from qkdctl.soak.growth import Growth, growth
from qkdctl.soak.samples import Sample

WARM_UP = 0.15
"""Share of the soak that is not judged: caches fill, tables take their size."""

GROWTH_BYTES_PER_H = 2**20
"""Memory in use that grows faster than this, with 97.5 % confidence, counts as growing."""

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
        As JSON has it: ``processes`` (memory held and in use, its slope, open files and sockets of each),
        ``throughput`` by fifths of the time, and ``flat``: whether memory, files and throughput all held.
    """
    judged = _steady([sample for sample in samples if sample.t_s >= WARM_UP * samples[-1].t_s])
    names = sorted(judged[0].processes)
    processes = {name: _process([_look(sample, name) for sample in judged]) for name in names}
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


class _Look(NamedTuple):
    t_s: float
    footprint: Footprint
    in_use: InUse


def _look(sample: Sample, name: str) -> _Look:
    """One process at one time; all that it holds counts as in use where it does not tell."""
    footprint = sample.processes[name]
    return _Look(sample.t_s, footprint, sample.in_use.get(name, InUse(footprint.memory_bytes, 0)))


def _process(looks: list[_Look]) -> dict[str, Any]:
    times = np.array([look.t_s for look in looks])
    held = _column(looks, lambda look: look.footprint.memory_bytes)
    allocated = _column(looks, lambda look: look.in_use.allocated_bytes)
    objects = _column(looks, lambda look: look.in_use.objects)
    growing = growth(times, allocated)
    opened = _column(
        looks, lambda look: look.footprint.files + look.footprint.sockets + look.footprint.threads
    )
    part = max(len(looks) // FIFTHS, 1)
    first, last = looks[0].footprint, looks[-1].footprint
    return {
        "memory_mib": _mib(held, part),
        "in_use_mib": _mib(allocated, part),
        "growth_mib_per_h": round(growing.slope * HOUR_S / MIB, 3),
        "objects": [looks[0].in_use.objects, looks[-1].in_use.objects],
        "grows": _is_growth(growing)
        or _is_growth(growth(times, objects * OBJECT_BYTES))
        # Where freed memory lies is chance, and now and then costs a step for good; a leak does more than one.
        or (_rises(held, part) and _is_growth(growth(times, held))),
        "files": [first.files, last.files],
        "sockets": [first.sockets, last.sockets],
        "threads": [first.threads, last.threads],
        "leaks": _rises(opened, part),
        "cpu_s": round(last.cpu_s, 1),
    }


def _is_growth(memory: Growth) -> bool:
    return memory.least * HOUR_S > GROWTH_BYTES_PER_H


def _rises(values: NDArray[np.float64], part: int) -> bool:
    """Whether there is more in the end, at its least, than there was in the beginning at its most.

    What is open or held for a while only is no leak.
    """
    return bool(values[-part:].min() > values[:part].max())


def _mib(memory: NDArray[np.float64], part: int) -> dict[str, float]:
    found = {"first": np.median(memory[:part]), "last": np.median(memory[-part:]), "peak": memory.max()}
    return {when: round(float(value) / MIB, 2) for when, value in found.items()}


def _column(looks: list[_Look], value: Callable[[_Look], int]) -> NDArray[np.float64]:
    return np.array([value(look) for look in looks], np.float64)


def _throughput(samples: Sequence[Sample]) -> dict[str, Any]:
    """Sifted bits a second, and a second of processor time: a machine that others use, too, slows the one alone."""
    marks = [round(i * (len(samples) - 1) / FIFTHS) for i in range(FIFTHS + 1)]
    spans = [samples[a : b + 1] for a, b in pairwise(marks)]
    bits = np.array([span[-1].sifted_bits - span[0].sifted_bits for span in spans], np.float64)
    wall_s = np.array([span[-1].t_s - span[0].t_s for span in spans])
    cpu_s = np.array([_cpu_s(span) for span in spans])
    per_cpu = bits / np.maximum(cpu_s, 1e-9)
    first, last = float(np.mean(per_cpu[:2])), float(np.mean(per_cpu[-2:]))
    return {
        "sifted_bits_per_s": [round(rate) for rate in bits / wall_s],
        "sifted_bits_per_cpu_s": [round(rate) for rate in per_cpu],
        "held": round(last / first, 4) if first else 0.0,
    }


def _cpu_s(samples: Sequence[Sample]) -> float:
    """Processor time from the first of these looks to the last, of all processes."""
    looks = [sample.processes for sample in samples]
    return sum(_spent_s(a[name], b[name]) for a, b in pairwise(looks) for name in b)


def _spent_s(before: Footprint, now: Footprint) -> float:
    """Processor time between two looks at what bears one name: each session has processes of its own."""
    return now.cpu_s - before.cpu_s if now.pid == before.pid else now.cpu_s
