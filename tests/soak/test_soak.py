"""A short soak of the whole system: looks are taken, and everything is found and named."""

import json
import os
import socket

import numpy as np
import pytest

from qkdctl.acquisition import Plan, acquire
from qkdctl.config.load import load_scenario
from qkdctl.config.packaged import scenario_path
from qkdctl.errors import RecordingError
from qkdctl.keystore.comparison import compare_stores
from qkdctl.keystore.pair import PARTIES
from qkdctl.node.memory import in_use
from qkdctl.soak.footprint import footprints
from qkdctl.soak.judgement import judge
from qkdctl.soak.samples import Sampler, read_samples
from qkdctl.witness import witnessed


def test_a_process_that_opens_sockets_shows_them():
    before = footprints({})["command"]
    with socket.socket(), socket.socket():
        now = footprints({})["command"]
    assert now.sockets == before.sockets + 2
    assert now.pid == os.getpid()
    assert now.memory_bytes > 2**20


def test_what_a_process_uses_is_told_whatever_it_holds():
    before = in_use()
    kept = [np.ones(size, np.uint8) for size in (2**16, 2**20, 2**26)], [object() for _ in range(10**5)]
    now = in_use()
    assert now.allocated_bytes - before.allocated_bytes == pytest.approx(sum(map(len, kept[0])), rel=0.1)
    assert now.objects - before.objects == pytest.approx(10**5, rel=0.1)
    del kept
    assert in_use().allocated_bytes == pytest.approx(before.allocated_bytes, abs=2**19)
    assert in_use().objects == pytest.approx(before.objects, abs=10**4)


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "soak.jsonl"
    path.write_text("{}\n")
    with pytest.raises(RecordingError, match="holds no samples"):
        read_samples(path)


def test_a_short_soak(tmp_path):
    path = scenario_path("quick").resolve()
    plan = Plan(
        scenario_files=dict.fromkeys(PARTIES, path),
        scenarios=dict.fromkeys(PARTIES, load_scenario(path)),
        stores=tmp_path,
        duration_s=1.2,
    )
    with (tmp_path / "soak.jsonl").open("wb") as file:
        sampler = Sampler(file, 0.1)
        with witnessed(sampler.watch, sampler.hear) as watch:
            acquire(plan, watch=watch)
    looks = read_samples(tmp_path / "soak.jsonl")
    told = judge(looks) | {"stores": compare_stores(tmp_path)}
    assert told["sessions"] == 1
    assert 0 < told["keys"] <= told["stores"]["keys"]
    assert told["sifted_bits"] > 1e5
    assert told["stores"]["equal"]
    names = {f"{role}.{name}" for role in PARTIES for name in ("acquire", "stages-0", "stages-1", "channel")}
    seen = set().union(*(look.processes for look in looks))
    names |= {"command", "alice.supervisor", "bob.supervisor"}
    assert names <= seen
    # A process tells what it uses every two seconds, and this session may be over before.
    assert {"command"} <= looks[-1].in_use.keys() <= names
    for name, used in looks[-1].in_use.items():
        assert 2**20 < used.allocated_bytes < 2**31
        assert 10_000 < used.objects < 10**7, name
    json.dumps(told)
