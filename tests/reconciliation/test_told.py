"""The error rate that Alice says before a block: a listener could have said it; who changes it gains nothing."""

import msgspec
import pytest

from postproc.blocks import SecretBlock
from postproc.conversation.frames import pack, unpack
from postproc.conversation.messages import decode, encode
from postproc.errors import ProtocolViolation
from postproc.estimation.stage import TestErrors as Wrong
from postproc.estimation.statistics import Statistics
from postproc.parameters.stages import Reconciliation
from postproc.reconciliation import expectation
from postproc.reconciliation.expectation import Expectation
from postproc.reconciliation.stage import Corrected, Expected
from tests.support import links

TOLD = links.bbm92_parameters(reconciliation=Reconciliation(method="ldpc", expected_qber=None))


def run(wire=lambda sender, frame: (frame,), blocks=2):
    return links.link(TOLD, links.pair_recordings(1, blocks, 10**11, 5.0), wire)


def said(frame, kind):
    """The frame's message, if it is one of this kind."""
    try:
        message = decode(frame.payload, kind)
    except ProtocolViolation:
        return None
    return message if isinstance(message, kind) else None


def test_a_listener_can_compute_it(monkeypatch):
    """From the words before it: it tells nothing that was not said, and charged, before."""
    monkeypatch.setattr(expectation, "LAG", 1)
    heard = []
    outcomes = run(lambda sender, frame: heard.append(unpack(frame)) or (frame,), blocks=4)
    sizes = {
        end.record.block: (end.record.figures["key_bits"], end.record.figures["test_bits"])
        for end in outcomes["bob"].ends
    }
    listener, tested, checked = Expectation(), {}, 0
    for frame in heard:
        if wrong := said(frame, Wrong):
            key, test = sizes[frame.block]
            tested[frame.block] = Statistics((key,), (test,), wrong.errors)
        elif expected := said(frame, Expected):
            assert expected.millionths == round(1e6 * listener.rate(frame.block, tested[frame.block]))
            checked += 1
        elif corrected := said(frame, Corrected):
            listener.learn(frame.block, tested[frame.block], corrected.errors)
    assert checked == len(sizes) == 4


@pytest.mark.parametrize("kind", [Expected, Corrected])
@pytest.mark.parametrize(
    "lie", [lambda n: 0, lambda n: n + 1, lambda n: max(n - 1, 0), lambda n: 2 * n, lambda n: 499_999]
)
def test_a_block_whose_word_was_changed_makes_no_key(kind, lie):
    struck = []

    def wire(sender, data):
        frame = unpack(data)
        message = said(frame, kind) if not struck else None
        if message is None:
            return (data,)
        name = kind.__struct_fields__[0]
        changed = msgspec.structs.replace(message, **{name: lie(getattr(message, name))})
        struck.append((frame.block, changed != message))
        return (pack(msgspec.structs.replace(frame, payload=encode(changed))),)

    outcomes = run(wire)
    ((block, changed),) = struck
    assert changed
    for outcome in outcomes.values():
        assert block not in outcome.keys
        assert block not in outcome.sink.staged
        assert not any(isinstance(end, SecretBlock) for end in outcome.ends if end.record.block == block)
    # The next one is none the worse for it.
    (other,) = {1, 2} - {block}
    assert outcomes["alice"].keys[other] == outcomes["bob"].keys[other]


@pytest.mark.parametrize("millionths", [-1, 500_001, 2**63, None])
def test_what_is_no_error_rate_is_not_taken(millionths):
    def wire(sender, data):
        frame = unpack(data)
        if said(frame, Expected) is None:
            return (data,)
        payload = msgspec.msgpack.encode(["Expected", millionths])
        return (pack(msgspec.structs.replace(frame, payload=payload)),)

    for outcome in run(wire).values():
        assert not outcome.keys
        assert not outcome.sink.staged
