from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np

from drivers.emulation.bench import bb84 as bb84_bench
from drivers.emulation.bench import bbm92 as bbm92_bench
from drivers.emulation.bench.recordings import generate_bb84, generate_bbm92
from postproc.timetags.recording import open_recording, open_states, open_tags
from tests.emulation.scenes import bb84, bbm92, states, tags

SEED = 987654321


def test_bb84_files_hold_what_the_bench_gives(tmp_path: Path) -> None:
    scene = bb84(n_slots=100_000)
    paths = generate_bb84(scene, SEED, tmp_path)
    with open_states(paths.alice) as alice, open_tags(paths.bob) as bob:
        assert alice.header.slot_period_ps == 10_000
        assert np.array_equal(states(alice.chunks()), states(bb84_bench.prepared_states(scene, SEED)))
        written, made = tags(bob.chunks()), tags(bb84_bench.detected_tags(scene, SEED))
    assert all(np.array_equal(one, other) for one, other in zip(written, made, strict=True))


def test_bbm92_files_hold_what_the_bench_gives(tmp_path: Path) -> None:
    scene = bbm92(duration_s=0.02)
    paths = generate_bbm92(scene, SEED, tmp_path)
    for party, path in (("alice", paths.alice), ("bob", paths.bob)):
        with open_tags(path) as recording:
            written, made = tags(recording.chunks()), tags(bbm92_bench.detected_tags(scene, SEED, party))
        assert all(np.array_equal(one, other) for one, other in zip(written, made, strict=True))


def test_files_say_that_they_are_emulated_and_do_not_give_the_seed_away(tmp_path: Path) -> None:
    for path in generate_bb84(bb84(n_slots=1000), SEED, tmp_path):
        info = open_recording(path).info
        assert info.metadata["origin"] == "emulated"
        assert str(SEED) not in json.dumps(msgspec.to_builtins(info))
        assert str(SEED).encode() not in path.read_bytes()
