"""What a node on one of two machines came to."""

import pytest

from postproc.blocks import SecretBlock
from postproc.conversation.record import BlockRecord
from postproc.outcome import BlockEnded
from postproc.types import Alarm
from qkdctl.cli.ends import REASONS, Ends
from qkdctl.errors import NoKeyError, NoLockError


def ended(number, reason, outcome="refused"):
    return BlockEnded(BlockRecord(bytes(16), number), outcome, reason)


def after(*results):
    ends = Ends()
    for result in results:
        ends(result)
    return ends


def test_one_key_is_enough(capsys):
    after(ended(1, "too few"), SecretBlock(BlockRecord(bytes(16), 2), 1500, 384)).raise_without_key()
    assert capsys.readouterr().err.splitlines() == ["block 1 refused: too few", "block 2: 1,500 secret bits"]


def test_blocks_without_key_are_told_by_their_reasons_once_each():
    ends = after(*(ended(n, f"reason {n % 20}") for n in range(1, 1000)))
    with pytest.raises(NoKeyError, match=r"^no block ended in key: reason 1; reason 2; ") as told:
        ends.raise_without_key()
    assert str(told.value).count(";") == REASONS - 1


def test_clocks_that_were_never_locked_are_told():
    with pytest.raises(NoLockError, match=r"^no peak$"):
        after(ended(0, "no peak", "aborted")).raise_without_key()
    with pytest.raises(NoKeyError, match="too few"):
        after(ended(0, "no peak", "aborted"), ended(1, "too few")).raise_without_key()


def test_nothing_at_all_asks_for_a_longer_recording():
    with pytest.raises(NoKeyError, match="no block was complete; record longer"):
        after().raise_without_key()


def test_an_alarm_says_what_to_do(capsys):
    after(Alarm("disk-full", "error", "Bob's disk", {}, "Make room."))
    assert capsys.readouterr().err == "error: disk-full: Bob's disk. Make room.\n"
