"""Two nodes with different pre-shared keys: told in one sentence, before any light is spent."""

import subprocess
import sys

import numpy as np
import pytest

from postproc.outcome import BlockEnded
from qkdctl.cli.node import node as node_command
from qkdctl.diagnosis import raise_if_refused
from qkdctl.errors import RecordingError
from qkdctl.node.curve_keys import make_keys
from tests.support import links
from tests.support.ports import free_port

KEYS = {role: np.random.default_rng(seed).bytes(4096) for seed, role in enumerate(links.EVERYTHING)}


def test_no_stage_but_the_first_hears_of_anything():
    said = []

    def wire(sender, frame):
        said.append(sender)
        return (frame,)

    recordings = links.pair_recordings(1, 2, 10**11, 5.0)
    outcomes = links.link(links.bbm92_parameters(), recordings, wire, shared_keys=KEYS)
    for outcome in outcomes.values():
        (ended,) = outcome.ends
        assert isinstance(ended, BlockEnded)
        assert ended.record.block == 0
        with pytest.raises(RecordingError, match="different pre-shared keys"):
            raise_if_refused(ended)
        # No one-time key is spent on it.
        assert all(outcome.pool.remaining(sender) == 126 for sender in links.EVERYTHING)
    # A greeting each, and the end: nothing of what was recorded was said.
    assert len(said) <= 4


@pytest.mark.campaign
def test_both_node_processes_say_so(tmp_path):
    """Two real nodes over TCP: exit code 4 and one sentence at each end."""
    public = {role: make_keys(tmp_path / f"{role}.curve").public for role in links.EVERYTHING}
    place = f"tcp://127.0.0.1:{free_port()}"
    ends = {"alice": ("--listen", place), "bob": ("--connect", place)}
    generated = [sys.executable, "-m", "qkdctl", "tags", "generate", "decoy-bb84", str(tmp_path)]
    subprocess.run(generated, check=True, capture_output=True)
    nodes = {}
    for role, peer in (("alice", "bob"), ("bob", "alice")):
        psk = tmp_path / f"{role}.psk"
        psk.touch(0o600)
        psk.write_bytes(KEYS[role])
        recording = tmp_path / {"alice": "alice_states.h5", "bob": "bob_tags.h5"}[role]
        options = ["--keys", tmp_path / f"{role}.curve", "--peer-key", public[peer], "--psk", psk]
        options += ["--recording", recording, "--store", tmp_path / role]
        command = [
            sys.executable,
            "-m",
            "qkdctl",
            node_command.name,
            role,
            "decoy-bb84",
            *ends[role],
            *options,
        ]
        nodes[role] = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    for process in nodes.values():
        _, err = process.communicate(timeout=100)
        assert process.returncode == 4, err
        assert "different pre-shared keys" in err.splitlines()[-1]
        assert "Traceback" not in err
