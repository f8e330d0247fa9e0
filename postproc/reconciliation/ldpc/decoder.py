"""Bob's side: decoding, with what Alice has disclosed so far."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from postproc.bits import Bits
from postproc.errors import ProtocolViolation
from postproc.kernels import Belief, LdpcDecoder, permute
from postproc.kernels.cascade import PERMUTATION_WORDS
from postproc.reconciliation.codes.code import Code
from postproc.reconciliation.ldpc.layout import Layout, Words, bits_of, words_of
from postproc.reconciliation.ldpc.messages import FramesDecoded, Repair, Syndromes
from postproc.reconciliation.ldpc.plan import BASE_FRAME_WORDS, Plan
from postproc.reconciliation.ldpc.quantiser import ratio_of, tables
from postproc.reconciliation.on_threads import on_threads
from postproc.reconciliation.randomised import SEED_BYTES, in_whole_words, random_words, without_filling

MAX_SWEEPS = 200

PATIENCE, PATIENCE_WITH_LONG_FRAMES = 6, 10
"""A frame that stalls for so many sweeps hardly ever comes through; longer ones take smaller steps."""

FEW_CHECKS = 4
"""A frame that stalls with no more checks than these unfulfilled holds a handful of wrong bits that confirm each other,
mostly a chain of columns of degree 2: no further sweep frees it, and disclosed bits hardly ever hit it."""

Unpacked = NDArray[np.uint8]


class _Spare:
    """Decoders that no frame holds, for any thread to take."""

    def __init__(self) -> None:
        self._of_code: dict[Code, list[LdpcDecoder]] = {}

    def take(self, code: Code) -> LdpcDecoder:
        """Give one for a code."""
        try:
            return self._of_code.setdefault(code, []).pop()
        except IndexError:
            return code.decoder()

    def give_back(self, code: Code, decoder: LdpcDecoder) -> None:
        """Take one that is not needed any more."""
        self._of_code[code].append(decoder)


class _Frame:
    """What Bob knows of one codeword.

    Attributes
    ----------
    decoded : array of uint64 or None
        Alice's payload, once it is found.
    """

    def __init__(self, plan: Plan, layout: Layout, payload: Words, syndrome: Bits) -> None:
        self._plan, self._layout, self._syndrome = plan, layout, syndrome
        self._disclosed = 0
        long = layout.payload_words > BASE_FRAME_WORDS
        self._patience = PATIENCE_WITH_LONG_FRAMES if long else PATIENCE
        self._bits = layout.codeword(layout.no_secret, payload)
        self._known, self._unknown = layout.known, layout.unknown
        self.decoded: Words | None = None

    def learn(self, bits: Unpacked) -> None:
        """Take the next disclosed bits."""
        at = self._layout.disclosure_order[self._disclosed :][: len(bits)]
        self._bits = _with_bits(self._bits, at, bits)
        self._known = _with_bits(self._known, at, 1)
        self._unknown = _with_bits(self._unknown, at, 0)
        self._disclosed += len(bits)

    def next_step(self, count: int) -> int:
        """Say how many bits the next disclosure of `count` will bring."""
        return min(count, self._plan.punctured + 64 * self._layout.payload_words - self._disclosed)

    def decode(self, spare: _Spare) -> bool:
        """Try; tell whether a codeword was found.

        From the start each time: a decoder that goes on from where it was stuck mostly stays there.
        """
        decoder = spare.take(self._layout.code)
        word = self._search(decoder)
        spare.give_back(self._layout.code, decoder)
        if word is not None:
            self.decoded = words_of(word)[self._layout.first_payload :]
        return word is not None

    def _search(self, decoder: LdpcDecoder) -> Bits | None:
        """Give a codeword: that of what is known or, where it stalls close to one, of a bit of which it is too sure.

        Like the number of sweeps, the bits that come into question depend on the errors, not on the key.
        """
        word, sweeps = self._run(decoder, self._bits, self._known, self._unknown)
        if sweeps:
            return word
        believed = word.to_array()
        for bit in self._in_question(word):
            otherwise = _with_bits(self._bits, bit, 1 - believed[bit])
            known, unknown = _with_bits(self._known, bit, 1), _with_bits(self._unknown, bit, 0)
            word, sweeps = self._run(decoder, otherwise, known, unknown)
            if sweeps:
                return word
        return None

    def _run(self, decoder: LdpcDecoder, bits: Bits, known: Bits, unknown: Bits) -> tuple[Bits, int]:
        ratio = ratio_of(self._plan.error_rate_for(self._disclosed))
        decoder.start(Belief(bits, known, unknown, ratio))
        return decoder.run(tables(), self._syndrome, MAX_SWEEPS, self._patience)

    def _in_question(self, word: Bits) -> NDArray[np.int64]:
        """Give the bits, none of them known, of a stalled word's unfulfilled checks, if these are few."""
        code = self._layout.code
        unfulfilled = np.flatnonzero(code.syndrome(word).to_array() != self._syndrome.to_array())
        if len(unfulfilled) > FEW_CHECKS:
            return np.empty(0, np.int64)
        bits = code.bits_of(unfulfilled)
        return np.asarray(bits[self._known.to_array()[bits] == 0])


def _with_bits(word: Bits, at: NDArray[np.int64] | np.int64, bits: Unpacked | int) -> Bits:
    unpacked = word.to_array()
    unpacked[at] = bits
    return Bits.from_array(unpacked)


class Decoder:
    """Bob's block as frames.

    Parameters
    ----------
    plan : Plan
        How the block is cut into frames.
    key : Bits
        Bob's key.
    said : Syndromes
        Alice's syndromes.
    workers : int
        Threads that decode frames.

    Raises
    ------
    ProtocolViolation
        If they do not fit the plan.
    """

    def __init__(self, plan: Plan, key: Bits, said: Syndromes, workers: int = 1) -> None:
        _check(plan, said)
        self._n, self._order = len(key), random_words(said.seed, PERMUTATION_WORDS)
        words = words_of(permute(self._order, in_whole_words(key)))
        syndromes = said.syndromes.packed.reshape(len(plan.payload_words), -1)
        self._frames = [
            _Frame(plan, layout, payload, Bits(syndrome, plan.code.checks))
            for layout, payload, syndrome in zip(plan.layouts, plan.split(words), syndromes, strict=True)
        ]
        self._spare, self._workers = _Spare(), workers

    @property
    def open_frames(self) -> list[_Frame]:
        """Frames that are not decoded yet."""
        return [frame for frame in self._frames if frame.decoded is None]

    @property
    def key(self) -> Bits:
        """What Bob holds Alice's key to be, once no frame is open."""
        words = np.concatenate([frame.decoded for frame in self._frames])
        return without_filling(permute(self._order, bits_of(words), backwards=True), self._n)

    def decode(self, *, charged: bool) -> FramesDecoded:
        """Try to decode the open frames."""
        tries = [partial(frame.decode, self._spare) for frame in self.open_frames]
        found = on_threads(tries, self._workers)
        return FramesDecoded(Bits.from_array(np.array(found)), charged)

    def learn(self, repair: Repair, count: int) -> None:
        """Take the next `count` disclosed bits of every open frame.

        Raises
        ------
        ProtocolViolation
            If they are too many or too few.
        """
        steps = [frame.next_step(count) for frame in self.open_frames]
        if len(repair.bits) != sum(steps):
            raise ProtocolViolation(f"Alice disclosed {len(repair.bits)} bits where {sum(steps)} were due")
        parts = np.split(repair.bits.to_array(), np.cumsum(steps[:-1]))
        for frame, bits in zip(self.open_frames, parts, strict=True):
            frame.learn(bits)


def _check(plan: Plan, said: Syndromes) -> None:
    """Hold Alice's first message against the plan."""
    frames = len(plan.payload_words)
    if len(said.seed) != SEED_BYTES:
        raise ProtocolViolation(f"Alice's seed has {len(said.seed)} bytes instead of {SEED_BYTES}")
    told = said.code, said.hidden_bits, len(said.syndromes)
    due = plan.code.name, plan.punctured * frames, plan.code.checks * frames
    if told != due:
        raise ProtocolViolation(
            f"Alice used code, hidden bits and syndrome bits {told} where the plan has {due}: "
            "both parties must run the same version with the same error rate"
        )
