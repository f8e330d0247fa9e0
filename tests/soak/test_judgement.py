"""What a soak is to notice, in samples that have it."""

import pytest

from qkdctl.soak.footprint import Footprint
from qkdctl.soak.judgement import judge
from qkdctl.soak.samples import Sample

MIB = 2**20


def samples(memory=lambda t: 100 * MIB, files=lambda t: 20, bits=lambda t: 1000 * t, n=200, every_s=36.0):
    """Two hours of a session, a look every 36 s."""
    return [
        Sample(
            t_s=t,
            processes={"bob.stages-0": Footprint(1, int(memory(t)), int(files(t)), 3, 4, t / 2)},
            sifted_bits=int(bits(t)),
            secret_bits=0,
            keys=0,
            ended=0,
            sessions=1,
            recorded_s=t,
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
        ("files", {"files": lambda t: 20 + t // 3000}),
        ("throughput", {"bits": lambda t: 1000 * t - 0.04 * t**2}),
    ],
)
def test_what_creeps_is_noticed(what, how):
    told = judge(samples(**how))
    assert [name for name, flat in told["flat"].items() if not flat] == [what]


def test_the_warm_up_is_no_leak():
    told = judge(samples(memory=lambda t: min(t / 600, 1) * 200 * MIB, files=lambda t: min(t, 30)))
    assert told["flat"] == {"memory": True, "files": True, "throughput": True}


def test_moments_with_other_processes_are_not_judged():
    looks = samples()
    looks[100] = Sample(
        looks[100].t_s, {}, *(getattr(looks[100], name) for name in Sample.__struct_fields__[2:])
    )
    assert judge(looks)["flat"]["memory"]
