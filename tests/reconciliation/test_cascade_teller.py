"""Alice refuses what could make her tell more than is counted."""

import numpy as np
import pytest

from postproc.bits import Bits
from postproc.errors import ProtocolViolation
from postproc.reconciliation.cascade.messages import CutsWanted
from postproc.reconciliation.cascade.schedule import Step
from postproc.reconciliation.cascade.teller import Teller
from postproc.reference.cascade import is_member, pack_cuts

KEY = Bits.from_bytes(bytes(range(40, 56)), 128)


@pytest.fixture
def teller() -> Teller:
    teller = Teller(KEY)
    teller.open(Step("natural", 32), bytes(16))
    return teller


def wanted(*cuts: list[int], compared: int = 4, charged: bool = True) -> CutsWanted:
    together = pack_cuts([cut for each in cuts for cut in each], 128)
    return CutsWanted(tuple(map(len, cuts)), together, compared, charged)


def ask(teller: Teller, message: CutsWanted) -> Bits:
    answer = teller.answer(message, charged=True)
    assert answer.count == answer.discloses() == message.count
    return Bits.from_bytes(answer.parities, answer.count)


def test_she_opens_a_pass_with_the_parities_at_its_block_ends():
    opened = Teller(KEY).open(Step("natural", 32), bytes(16))
    prefix = np.cumsum(KEY.to_array()) % 2
    assert opened.parities.to_array().tolist() == [prefix[31], prefix[63], prefix[95], prefix[127]]
    assert opened.discloses() == 4


def test_the_parity_of_everything_is_told_once_only(teller: Teller):
    assert len(teller.open(Step("shuffled", 50), bytes(16)).parities) == 2


def test_she_answers_with_prefix_parities(teller: Teller):
    prefix = np.cumsum(KEY.to_array()) % 2
    assert ask(teller, wanted([1, 16, 127])).to_array().tolist() == [prefix[0], prefix[15], prefix[126]]


def test_cuts_may_come_in_any_order_but_once(teller: Teller):
    prefix = np.cumsum(KEY.to_array()) % 2
    assert ask(teller, wanted([17, 5])).to_array().tolist() == [prefix[16], prefix[4]]
    with pytest.raises(ProtocolViolation, match="Bob asked twice for the same parity: the block ends here"):
        ask(teller, wanted([6, 7, 6], compared=2))


def test_cuts_outside_the_block_are_refused():
    teller = Teller(Bits.from_bytes(bytes(range(24))))
    teller.open(Step("natural", 64), bytes(16))
    for cuts in ([193], [3, 256], [256, 5]):
        with pytest.raises(ProtocolViolation, match="outside the block of 192 bits"):
            ask(teller, CutsWanted((len(cuts),), pack_cuts(cuts, 192), 3, True))


@pytest.mark.parametrize("cut", [32, 64, 96, 128])
def test_what_the_opening_told_is_not_told_again(teller: Teller, cut: int):
    with pytest.raises(ProtocolViolation, match="asked twice for the same parity"):
        ask(teller, wanted([cut]))


def test_what_an_answer_told_is_not_told_again(teller: Teller):
    ask(teller, wanted([7, 9]))
    with pytest.raises(ProtocolViolation, match="asked twice"):
        ask(teller, wanted([8, 9], compared=2))


def test_the_same_cut_of_another_pass_is_another_parity(teller: Teller):
    teller.open(Step("shuffled", 64), bytes(16))
    assert len(ask(teller, wanted([7], [7], compared=1))) == 2


@pytest.mark.parametrize("cuts", [(), ([3], [4])])
def test_requests_for_more_or_fewer_passes_are_refused(teller: Teller, cuts):
    with pytest.raises(ProtocolViolation, match="passes where 1 are open"):
        ask(teller, wanted(*cuts))


def test_miscounted_cuts_are_refused(teller: Teller):
    for counts in ((2,), (4,)):
        with pytest.raises(ProtocolViolation, match="Bob sent 3 bytes of cuts of 7 bits and counted"):
            ask(teller, CutsWanted(counts, pack_cuts([7, 8, 9], 128), 4, True))


def test_cuts_after_the_last_are_refused(teller: Teller):
    teller.close(CutsWanted((0,), b"", 4, True), charged=True)
    with pytest.raises(ProtocolViolation, match="Bob sent 1 bytes of cuts and counted none"):
        teller.close(CutsWanted((0,), b"\0", 4, True), charged=True)


def test_a_subset_is_opened_when_somebody_asks(teller: Teller):
    step = Step("chosen", 128, 3)
    opened = teller.open(step, bytes(16))
    members = [mask_of(int(row[0])) for row in step.random(bytes(16))]
    bits = KEY.to_array()
    assert opened.parities.to_array().tolist() == [(bits & mask).sum() % 2 for mask in members]
    answer = ask(teller, wanted([], [], [70], [], compared=3))
    assert answer.to_array().tolist() == [(bits & members[1])[:70].sum() % 2]
    with pytest.raises(ProtocolViolation, match="asked twice"):
        ask(teller, wanted([], [128], [], [], compared=1))


def mask_of(subset: int) -> np.ndarray:
    return np.array([is_member(subset, i) for i in range(128)], np.uint8)


@pytest.mark.parametrize("compared", [0, 3, 5])
def test_miscounted_comparisons_are_refused(teller: Teller, compared: int):
    with pytest.raises(ProtocolViolation, match=f"he compared {compared} parities .* Alice told 4"):
        ask(teller, wanted([3], compared=compared))


def test_other_rules_of_charging_are_refused(teller: Teller):
    with pytest.raises(ProtocolViolation, match=r"\(charged: False\), Alice told 4 \(charged: True\)"):
        ask(teller, wanted([3], charged=False))
