"""Sessions as a monitor sees them, made of events."""

import pytest

from qkdctl.monitor.beacon import Beacon
from qkdctl.monitor.board import Board
from qkdctl.node.telemetry import Event


class Time:
    """A clock in the test's hands."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def board(tmp_path):
    """A board with one session that has told nothing yet."""
    beacon = Beacon(4711, "lab", "Z", "X", 60.0, {"alice": str(tmp_path / "a"), "bob": str(tmp_path / "b")})
    running = {"one": beacon}
    board = Board(lambda: running)
    board.look()
    board.running = running
    yield board
    board.close()


@pytest.fixture
def tell(board):
    """Let a node of the session tell something."""

    def tell(role, kind, subject="", **figures):
        session, event = board.sessions["one"], Event("test", kind, subject, figures)
        session.nodes[role].take(event)
        session._take(role, event)

    return tell


@pytest.fixture
def busy(tell):
    """A session in its third block."""
    tell("bob", "state", "recording")
    tell("bob", "instrument", "tagger", identity="TDC1 EMU1", emulated="yes")
    tell("bob", "clock", "locked", offset_ps=2_000_000, drift_ppb=7.5)
    tell("bob", "rates", recorded_s=1.0, count=300, channel_0_hz=100.0, channel_1_hz=200.0)
    tell("bob", "load", "stages-0", busy=0.25, queued=0.5, allocated_bytes=2**25)
    for block in ("1", "2"):
        tell("bob", "sifted", block, key_bits=800, test_bits=200)
        tell("bob", "tested", block, test_errors=4, test_bits=200)
    tell("bob", "block", "1", outcome="key", secret_bits=400, key_errors=8, key_bits=800)
    return tell
