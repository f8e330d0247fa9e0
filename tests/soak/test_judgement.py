"""What a soak is to notice, in samples that have it."""

import pytest

from qkdctl.node.memory import InUse
from qkdctl.soak.footprint import Footprint
from qkdctl.soak.judgement import judge
from qkdctl.soak.samples import Sample

MIB = 2**20


NAME = "bob.stages-0"


def footprint(pid, cpu_s, memory, files):
    return Footprint(pid, memory, files, 3, 4, cpu_s)


def samples(
    memory=lambda t: 100 * MIB,
    files=lambda t: 20,
    bits=lambda t: 1000 * t,
    in_use=None,
    objects=lambda t: 10**6,
    n=200,
    every_s=36.0,
    process=lambda t: (1, t / 2),
):
    """Two hours of a session, a look every 36 s; without `in_use`, a process that does not tell it."""
    return [
        Sample(
            t_s=t,
            processes={NAME: footprint(*process(t), int(memory(t)), int(files(t)))},
            sifted_bits=int(bits(t)),
            secret_bits=0,
            keys=0,
            ended=0,
            sessions=1,
            recorded_s=t,
            in_use={} if in_use is None else {NAME: InUse(int(in_use(t)), int(objects(t)))},
        )
        for t in (every_s * i for i in range(n))
    ]


def test_a_session_that_stays_as_it_is():
    wobble = samples(memory=lambda t: (100 + 5 * (t % 7)) * MIB, files=lambda t: 20 + t % 5)
    assert judge(wobble)["flat"] == {"memory": True, "files": True, "throughput": True}


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("memory", {"memory": lambda t: 100 * MIB + t * 2 * MIB / 3600}),
        ("memory", {"in_use": lambda t: 50 * MIB + t * 2 * MIB / 3600}),
        ("memory", {"in_use": lambda t: 50 * MIB, "objects": lambda t: 10**6 + t * 2 * 2048 / 3600}),
        ("memory", {"in_use": lambda t: 50 * MIB, "memory": lambda t: 100 * MIB + t * 2 * MIB / 3600}),
        ("files", {"files": lambda t: 20 + t // 3000}),
        ("throughput", {"bits": lambda t: 1000 * t - 0.04 * t**2}),
    ],
)
def test_what_creeps_is_noticed(what, how):
    told = judge(samples(**how))
    assert [name for name, flat in told["flat"].items() if not flat] == [what]


def begun_anew(t):
    """A process whose session breaks at 90 % of the time: the next one has one of its own."""
    return (1, t / 2) if t < 6480 else (2, (t - 6480) / 2)


@pytest.mark.parametrize(
    ("bits", "flat"), [(lambda t: 1000 * t, True), (lambda t: 1000 * t - 0.04 * t**2, False)]
)
def test_another_session_makes_no_difference_to_throughput(bits, flat):
    told = judge(samples(bits=bits, process=begun_anew))
    assert told["flat"]["throughput"] is flat
    once = judge(samples(bits=bits))["throughput"]
    assert told["throughput"]["held"] == pytest.approx(once["held"], rel=0.02)


def test_the_warm_up_is_no_leak():
    told = judge(samples(memory=lambda t: min(t / 600, 1) * 200 * MIB, files=lambda t: min(t, 30)))
    assert told["flat"] == {"memory": True, "files": True, "throughput": True}


def test_moments_with_other_processes_are_not_judged():
    looks = samples()
    looks[100] = Sample(
        looks[100].t_s, {}, *(getattr(looks[100], name) for name in Sample.__struct_fields__[2:])
    )
    assert judge(looks)["flat"]["memory"]


def gaps(t):
    """Freed memory that stays with a process for twenty minutes, more of it in the second hour."""
    return (100 + 20 * (t // 1200 in (0, 3, 4, 5)) + 3 * (t % 5)) * MIB


def test_held_memory_that_wanders_while_what_is_in_use_does_not():
    assert judge(samples(memory=gaps, in_use=lambda t: (50 + 5 * (t % 7)) * MIB))["flat"]["memory"]


def test_a_step_in_what_is_held():
    assert judge(samples(memory=lambda t: (104 if t > 4000 else 100) * MIB, in_use=lambda t: 50 * MIB))[
        "flat"
    ]["memory"]
