"""The kernels of Cascade: orders of bits, Alice's answers, Bob's search, against plain Python."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postproc import kernels
from postproc.bits import Bits
from postproc.errors import InputError
from postproc.kernels.cascade import MAX_PASSES, PERMUTATION_WORDS, cut_bits
from postproc.reconciliation.randomised import subset_mask
from postproc.reference import cascade as oracle

WORDS = [1, 2, 3, 5, 8, 9, 16, 31, 33]


def random_words(rng: np.random.Generator, n: int = PERMUTATION_WORDS) -> np.ndarray:
    return rng.integers(0, 2**64, n, dtype=np.uint64)


@pytest.mark.parametrize("n_words", WORDS)
def test_every_bit_goes_where_the_oracle_says(level: str, rng: np.random.Generator, n_words: int):
    random, n = random_words(rng), 64 * n_words
    x = rng.integers(0, 2, n, dtype=np.uint8)
    expected = np.empty(n, np.uint8)
    expected[[oracle.place_of(random.tolist(), i, n_words) for i in range(n)]] = x
    shuffled = kernels.permute(random, Bits.from_array(x))
    assert shuffled == Bits.from_array(expected)
    assert kernels.permute(random, shuffled, backwards=True) == Bits.from_array(x)


@pytest.mark.parametrize("n_words", WORDS)
def test_an_order_has_each_place_once(rng: np.random.Generator, n_words: int):
    random = random_words(rng).tolist()
    places = [oracle.place_of(random, i, n_words) for i in range(64 * n_words)]
    assert sorted(places) == list(range(64 * n_words))


def test_the_bits_of_a_word_go_to_different_words(rng: np.random.Generator):
    """Of 20 words 20 x 2016 pairs; a random order would bring 10 of them together in 4096 words."""
    n_words, met = 1 << 12, 0
    for _ in range(20):
        random, word = random_words(rng).tolist(), int(rng.integers(n_words))
        met += 64 - len({oracle.place_of(random, 64 * word + i, n_words) // 64 for i in range(64)})
    assert met < 10 + 6 * np.sqrt(10)


def test_two_orders_are_unrelated(rng: np.random.Generator):
    """Pairs that share a word in both orders are as many as between random ones: Poisson, mean 2016 / 2."""
    n_words = 2048
    orders = [np.array([oracle.place_of(r, i, n_words) // 64 for i in range(64 * n_words)])
              for r in (random_words(rng).tolist(), random_words(rng).tolist())]  # fmt: skip
    together = orders[0].astype(np.int64) * n_words + orders[1]
    counts = np.unique(together, return_counts=True)[1]
    pairs = int((counts * (counts - 1) // 2).sum())
    expected = n_words * (64 * 63 / 2) / n_words
    assert abs(pairs - expected) < 6 * np.sqrt(expected)


@pytest.mark.parametrize("n_words", [1, 7, 8, 9, 100])
def test_subset_parities(level: str, rng: np.random.Generator, n_words: int):
    bits, subset = Bits.from_bytes(rng.bytes(8 * n_words)), int(random_words(rng, 1)[0])
    members = [i for i in range(64 * n_words) if oracle.is_member(subset, i)]
    assert kernels.subset_parity(subset, bits) == bits.to_array()[members].sum() % 2
    mask = Bits(subset_mask(subset, n_words).view(np.uint8), 64 * n_words)
    assert np.flatnonzero(mask.to_array()).tolist() == members


@pytest.mark.parametrize("length", [63, 65, 0])
def test_bits_that_are_not_whole_words_are_refused(rng: np.random.Generator, length: int):
    with pytest.raises(InputError, match=f"a multiple of 64 bits, at most 2\\^31, got {length}"):
        kernels.permute(random_words(rng), Bits.zeros(length))


def test_too_few_random_words_are_refused(rng: np.random.Generator):
    with pytest.raises(InputError, match="expected 38 random words, got 37"):
        kernels.permute(random_words(rng, 37), Bits.zeros(64))


def test_alice_tells_prefix_parities_of_any_passes(rng: np.random.Generator):
    first, second = (Bits.from_bytes(rng.bytes(40)) for _ in "ab")
    teller = kernels.CascadeTeller(320)
    teller.open(0, first, total_known=False)
    teller.open(2, second, total_known=True)
    cuts = [5, 320, 64, 3, 319, 1]
    prefix = [np.append(0, np.cumsum(bits.to_array()) % 2) for bits in (first, second)]
    expected = [prefix[0][5], prefix[0][320], *prefix[1][[64, 3, 319, 1]]]
    told = teller.tell((2, 0, 4), oracle.pack_cuts(cuts, 320))
    assert Bits.from_bytes(told, 6).to_array().tolist() == expected


@pytest.mark.parametrize("n_words", [1, 3, 64, 2**25])
def test_cuts_travel_as_the_oracle_packs_them(rng: np.random.Generator, n_words: int):
    cuts = [1, 64 * n_words, *(1 + rng.integers(0, 64 * n_words, 20)).tolist()]
    packed = oracle.pack_cuts(cuts, 64 * n_words)
    assert cut_bits(64 * n_words) * len(cuts) <= 8 * len(packed) < cut_bits(64 * n_words) * len(cuts) + 8
    assert oracle.unpack_cuts(packed, len(cuts), 64 * n_words) == cuts


@pytest.mark.parametrize("block", [1, 2, 5, 32, 64, 100, 320])
@pytest.mark.parametrize("total_known", [False, True])
def test_alice_tells_the_parities_at_the_ends_of_blocks(
    rng: np.random.Generator, block: int, total_known: bool
):
    bits, ends = Bits.from_bytes(rng.bytes(40)), [*range(block, 320, block), 320]
    teller = kernels.CascadeTeller(320)
    teller.open(0, bits, total_known=total_known)
    ends = ends[: len(ends) - total_known]
    prefix = np.append(0, np.cumsum(bits.to_array()) % 2)
    assert teller.tell_ends(0, block, len(ends)).to_array().tolist() == prefix[ends].tolist()
    for end in [*ends[:3], *ends[-3:], 320] if total_known else ends[:3]:
        with pytest.raises(InputError, match="asked twice"):
            teller.tell((1,), oracle.pack_cuts([end], 320))


@pytest.mark.parametrize(("number", "block", "count"), [(0, 64, 6), (0, 0, 1), (0, 64, -1), (1, 64, 1)])
def test_blocks_that_are_not_there_have_no_ends(number: int, block: int, count: int):
    teller = kernels.CascadeTeller(320)
    teller.open(0, Bits.zeros(320), total_known=False)
    with pytest.raises(InputError, match=f"pass {number} has no {count} blocks of {block} of 320 places"):
        teller.tell_ends(number, block, count)


@pytest.mark.parametrize(
    ("counts", "cuts", "complaint"),
    [
        ((1,), [321], "outside the block of 320 bits"),
        ((1,), [512], "outside the block"),
        ((2,), [7, 7], "asked twice"),
        ((0, 1), [320], "asked twice"),
        ((1,), [9], "asked twice"),
        ((1, 0, 1), [1, 2], "counted"),
        ((1,), [1, 2], "counted"),
        ((3,), [1, 2], "counted"),
        ((2**32 - 1,), [1, 2], "counted"),
        ((3, -1), [1, 2], "cannot be"),
        ((0,) * (MAX_PASSES + 1), [], "cannot be"),
    ],
)
def test_alice_refuses_cuts_against_the_rules(counts, cuts, complaint: str):
    teller = kernels.CascadeTeller(320)
    for number in range(2):
        teller.open(number, Bits.zeros(320), total_known=number == 1)
    teller.tell((1,), oracle.pack_cuts([9], 320))
    with pytest.raises(InputError, match=complaint):
        teller.tell(counts, oracle.pack_cuts(cuts, 320))


def test_alice_refuses_cuts_with_unused_bits_set():
    teller = kernels.CascadeTeller(320)
    teller.open(0, Bits.zeros(320), total_known=False)
    with pytest.raises(InputError, match="counted"):
        teller.tell((1,), b"\x08\x02")


@given(st.binary(max_size=40), st.lists(st.integers(0, 12), max_size=3), st.integers(1, 3))
@settings(deadline=None)
def test_alice_reads_any_bytes_as_cuts_or_refuses_them(cuts: bytes, counts: list[int], n_words: int):
    n = 64 * n_words
    teller = kernels.CascadeTeller(n)
    for number in range(3):
        teller.open(number, Bits.from_bytes(bytes(range(8 * n_words))), total_known=False)
    whole = oracle.unpack_cuts(cuts, sum(counts), n)
    parts = np.split(np.array(whole, int), np.cumsum(counts)[:-1]) if counts else []
    sound = oracle.pack_cuts(whole, n) == cuts and all(cut <= n for cut in whole)
    sound &= all(len(set(part.tolist())) == len(part) for part in parts)
    if sound:
        prefix = np.cumsum(Bits.from_bytes(bytes(range(8 * n_words))).to_array()) % 2
        told = Bits.from_bytes(teller.tell(counts, cuts), len(whole))
        assert told.to_array().tolist() == [prefix[cut - 1] for cut in whole]
    else:
        with pytest.raises(InputError, match=r"asked|counted"):
            teller.tell(counts, cuts)


class Game:
    """Alice's key, Bob's search in C, and the same search in plain Python beside it."""

    def __init__(self, rng: np.random.Generator, n_words: int, error_rate: float) -> None:
        self.rng, self.n_words = rng, n_words
        self.alice = rng.integers(0, 2, 64 * n_words).tolist()
        bob = [a ^ int(e) for a, e in zip(self.alice, rng.random(64 * n_words) < error_rate, strict=True)]
        self.plain = oracle.Search(bob)
        self.search = kernels.CascadeSearch(Bits.from_array(np.array(bob)))

    def open(self, kind, block: int) -> None:
        random, n = random_words(self.rng), 64 * self.n_words
        order: list[int | None] = list(range(n))
        if kind == "shuffled":
            for i in range(n):
                order[oracle.place_of(random.tolist(), i, self.n_words)] = i
        elif kind == "chosen":
            order = [i if oracle.is_member(int(random[0]), i) else None for i in range(n)]
        self.plain.passes.append(oracle.Pass(order, {}))
        ends = [*range(block, n, block), n]
        self.tell(len(self.plain.passes) - 1, [0, *ends])
        told = [self.plain.passes[-1].told[end] for end in ends]
        self.search.open(
            kind, random, block, Bits.from_array(np.array(told[: len(told) - (kind == "shuffled")]))
        )

    def tell(self, number: int, cuts: list[int]) -> list[int]:
        each = self.plain.passes[number]
        for cut in cuts:
            each.told[cut] = sum(self.alice[i] for i in each.order[:cut] if i is not None) % 2
        return [each.told[cut] for cut in cuts]

    def play(self, spare: int) -> bool:
        """One round; false if nothing is left to ask."""
        packed, counts = self.search.choose(spare)
        cuts = oracle.unpack_cuts(packed, sum(counts), 64 * self.n_words)
        assert oracle.pack_cuts(cuts, 64 * self.n_words) == packed
        self.plain.correct()
        assert self.search.key.to_array().tolist() == self.plain.key
        self.check(cuts, counts)
        parts = np.split(np.array(cuts, int), np.cumsum(counts)[:-1])
        answers = [bit for number, part in enumerate(parts) for bit in self.tell(number, part.tolist())]
        if len(cuts):
            self.search.take(Bits.from_array(np.array(answers)).to_bytes())
        return len(cuts) > 0

    def check(self, cuts: list[int], counts) -> None:
        """All odd intervals of the first two passes, of a later one only if those before ask for nothing."""
        odd = self.plain.odd()
        waits = [number >= 2 and any(odd[:number]) for number in range(len(odd))]
        depths = [d for d in range(1, 5) if self.cuts(odd, waits, d) == sorted_parts(cuts, counts)]
        assert depths

    def cuts(self, odd, waits, depth: int) -> list[list[int]]:
        return [
            [] if wait else sorted(cut for a, b in each for cut in oracle.cuts_in(a, b, depth))
            for each, wait in zip(odd, waits, strict=True)
        ]


def sorted_parts(cuts: list[int], counts) -> list[list[int]]:
    return [sorted(cuts[sum(counts[:p]) : sum(counts[: p + 1])]) for p in range(len(counts))]


@given(
    st.integers(1, 5),
    st.floats(0, 1) | st.just(1.0),
    st.sampled_from([0, 3, 10, 100, 1000]),
    st.tuples(st.integers(1, 70), st.integers(1, 160), st.integers(1, 160)),
    st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_bob_searches_as_the_oracle_does(n_words: int, error_rate: float, spare: int, blocks, seed: int):
    for level in kernels.levels():
        with kernels.forced(level):
            game = Game(np.random.default_rng(seed), n_words, error_rate)
            for kind, block in (*zip(("natural", "shuffled", "shuffled"), blocks, strict=True),
                                *[("chosen", 64 * n_words)] * 9):  # fmt: skip
                game.open(kind, block)
                while game.play(spare):
                    pass
            wrong = sum(a != b for a, b in zip(game.alice, game.plain.key, strict=True))
            assert wrong == 0 or wrong >= 2  # what no parity shows comes in pairs at least


ALL_WRONG = """
import numpy as np
from postproc import kernels
from postproc.bits import Bits
from postproc.reference import cascade as oracle

for level in kernels.levels():
    with kernels.forced(level):
        search = kernels.CascadeSearch(Bits.zeros(192))
        ends = Bits.from_array(np.arange(3, 193, 3) % 2)
        search.open("natural", np.zeros(1, np.uint64), 3, ends)
        cuts, counts = search.choose(64)
        assert counts == (128,), counts
        search.take(Bits.from_array(np.array(oracle.unpack_cuts(cuts, 128, 192)) % 2).to_bytes())
        assert search.choose(64) == (b"", (0,))
        assert search.key.to_array().all()
"""


def test_every_piece_of_every_block_may_be_odd():
    """All of Bob's bits are wrong; in a process of its own, which a write beyond the lists may end."""
    subprocess.run([sys.executable, "-c", ALL_WRONG], check=True)


def test_parities_that_contradict_each_other_are_noticed():
    """Alice says of each of two bits, twice over, that it is wrong."""
    search = kernels.CascadeSearch(Bits.zeros(64))
    search.open("natural", np.zeros(1, np.uint64), 1, Bits.from_bytes(b"\xff" * 8))
    search.choose(0)
    search.open("shuffled", np.arange(38, dtype=np.uint64), 1, Bits.from_array(np.arange(63) % 2))
    with pytest.raises(InputError, match="parities contradict each other"):
        search.choose(0)


def test_the_search_takes_what_it_asked_for_and_no_more():
    search = kernels.CascadeSearch(Bits.zeros(64))
    with pytest.raises(InputError, match="the pass has 2 parities, got 3"):
        search.open("natural", np.zeros(1, np.uint64), 32, Bits.zeros(3))
    search.open("natural", np.zeros(1, np.uint64), 32, Bits.from_array(np.array([1, 1])))
    assert search.choose(0) == (oracle.pack_cuts([16], 64), (1,))
    for wrong in (b"", bytes(2), b"\x02"):
        with pytest.raises(InputError, match=f"1 parities were asked for, got {len(wrong)} bytes"):
            search.take(wrong)
    with pytest.raises(InputError, match="cannot open a pass"):
        search.open("shuffled", np.zeros(38, np.uint64), 32, Bits.zeros(1))
