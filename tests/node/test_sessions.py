"""When a node means to go on, and when it lets go."""

from typing import ClassVar

import pytest

from postproc.conversation.agreement import DISAGREEMENT
from postproc.conversation.record import BlockRecord
from postproc.outcome import BlockEnded
from postproc.timetags.types import Acquired
from postproc.types import Alarm
from qkdctl.node.failure import Failure
from qkdctl.node.sessions import Sessions, next_session
from qkdctl.node.spec import RecordSpec
from tests.support.node_specs import node_spec


def sessions(tmp_path, role="alice", **more):
    return Sessions(node_spec(tmp_path, role, **{"duration_s": 100.0, "restarts": 3} | more))


def wants(node, *, failure=None, peer_gone=False, peer_goes_on=False):
    return node._wants_another(failure, peer_gone, peer_goes_on)


def recorded(node, seconds):
    node._take(Acquired(1, seconds, [0] * 256))


def test_alice_goes_on_until_she_has_sent_for_as_long_as_she_should(tmp_path):
    node = sessions(tmp_path)
    recorded(node, 40.0)
    assert wants(node)
    recorded(node, 60.0)
    assert not wants(node)


def test_bob_ends_with_alice(tmp_path):
    node = sessions(tmp_path, "bob")
    recorded(node, 40.0)
    assert not wants(node)
    assert wants(node, peer_goes_on=True)
    assert wants(node, peer_gone=True)


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        (Failure("acquire", 8, "bob.tagger: gave no answer"), True),
        (Failure("stages-0", 9, "silent"), True),
        (Failure("stages-1", 1, "killed"), True),
        (Failure("stages-0", 3, "the scenario is not valid"), False),
        (Failure("stages-1", 4, "the store is damaged"), False),
        (Failure("stages-1", 4, "the disk is full", disk_full=True), True),
    ],
)
@pytest.mark.parametrize("role", ["alice", "bob"])
def test_what_another_attempt_may_mend(tmp_path, role, failure, again):
    assert wants(sessions(tmp_path, role), failure=failure) is again


def test_whoever_was_told_to_stop_does(tmp_path):
    node = sessions(tmp_path)
    node._should_stop = lambda: True
    assert not wants(node, failure=Failure("acquire", 8, "gone"), peer_goes_on=True)


def test_restarts_are_limited(tmp_path):
    assert not wants(sessions(tmp_path, restarts=0), peer_gone=True)


@pytest.mark.parametrize(("reason", "again"), [(f"{DISAGREEMENT}: slot_hz", False), ("no clock lock", True)])
def test_parties_that_disagree_do_not_try_again(tmp_path, reason, again):
    node = sessions(tmp_path)
    node._take(BlockEnded(BlockRecord(b"", 0), "aborted", reason))
    assert wants(node) is again


def test_a_recording_is_never_played_twice(tmp_path):
    assert not wants(sessions(tmp_path, recording="x.h5"), peer_gone=True)


def test_a_session_is_recorded_after_the_last(tmp_path):
    for name in ("1", "12", "13²", "notes"):
        (tmp_path / name).mkdir()
    assert next_session(RecordSpec(str(tmp_path), "key", None)).session == 13


class Watched:
    """In place of a supervisor: a session that loses its slots, and asks before and after whether to stop."""

    asked: ClassVar = []
    goes_on, failure, peer_lost = False, None, None

    def __init__(self, spec, listen, wants_another, attendant):
        self.listen = listen

    def run(self, should_stop):
        before = should_stop()
        self.listen(Alarm("slots-lost", "error", "Bob's clock", {}, "Look."))
        self.asked.append((before, should_stop()))


@pytest.mark.parametrize(("restarts", "ends"), [(3, True), (0, False)])
def test_a_session_that_can_make_no_more_key_ends_where_another_may_follow(
    tmp_path, monkeypatch, restarts, ends
):
    """Without slots it would go on for as long as it was to, and make nothing."""
    monkeypatch.setattr("qkdctl.node.sessions.Supervisor", Watched)
    monkeypatch.setattr(Watched, "asked", [])
    sessions(tmp_path, "bob", restarts=restarts).run()
    assert Watched.asked == [(False, ends)]
