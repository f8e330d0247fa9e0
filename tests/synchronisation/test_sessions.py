"""Sessions drawn at random: no lock is false, and none is refused where the statistics suffice.

The campaign runs a thousand of them. Each ends as a line of JSON in a file, QKD_SESSIONS (else a temporary one);
what stands there already is not run again. QKD_SHARD=2/8 runs the third of eight parts.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.support.sessions import WINDOW_PS, Ending, session

SESSIONS = 1000


def table(endings: list[Ending]) -> str:
    """What the documentation shows: a row for each kind and whether it had to lock."""
    rows = [
        "| | sessions | locked | refused | lost | false | processor time, median / 95 % | clock off by, 95 % |"
    ]
    rows.append("|---|---|---|---|---|---|---|---|")
    for kind in ("slots", "pairs"):
        for should in (True, False):
            own = [one for one in endings if one.kind == kind and one.should == should]
            right = [one for one in own if one.state == "right"]
            cpu_s = np.percentile([one.cpu_s for one in right] or [0], [50, 95])
            off = np.percentile([one.residual_ps for one in right] or [0], 95)
            counts = [
                sum(one.state == state for one in own) for state in ("right", "refused", "lost", "false")
            ]
            told = f"{cpu_s[0] * 1e3:.0f} / {cpu_s[1] * 1e3:.0f} ms | {off:.0f} ps"
            enough = "statistics suffice" if should else "too little for certain"
            rows.append(f"| {kind}, {enough} | {len(own)} | {' | '.join(map(str, counts))} | {told} |")
    return "\n".join(rows)


def hold(endings: list[Ending]) -> None:
    for one in endings:
        assert one.state != "false", one
        assert one.state == "right" or not one.should, one
        steady_ps = 0.05 * 1e12 / one.scene["slot_hz"] if one.kind == "slots" else WINDOW_PS / 8
        assert one.state != "right" or one.residual_ps < steady_ps, one


def test_a_few_sessions():
    endings = [session(seed) for seed in range(6)]
    hold(endings)
    assert {one.kind for one in endings} == {"slots", "pairs"}
    assert any(one.state == "right" for one in endings)
    assert table(endings).count("\n") == 5


@pytest.mark.campaign
@pytest.mark.timeout(36_000)
def test_a_thousand_sessions(tmp_path):
    path = Path(os.environ.get("QKD_SESSIONS", tmp_path / "sessions.jsonl"))
    part, parts = map(int, os.environ.get("QKD_SHARD", "0/1").split("/"))
    path.touch()
    done = {one["seed"] for one in map(json.loads, path.read_text().splitlines())}
    for seed in range(part, SESSIONS, parts):
        if seed not in done:
            with path.open("a") as file:
                file.write(json.dumps(session(seed).line()) + "\n")
    endings = [Ending(**json.loads(line)) for line in path.read_text().splitlines()]
    print(table(endings))
    hold(endings)
