"""Pairing, publishing, and what stations and outsiders make of it."""

import os
import secrets
from collections import Counter
from itertools import product

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.network.cards import Signer
from qkdctl.network.envelope import xor
from qkdctl.network.files import ensure_identity
from qkdctl.network.link_specs import BlockSpec
from qkdctl.network.space.pairing import SHORTEST_BYTES, pairings
from qkdctl.network.space.publication import (
    TAG_BYTES,
    Publication,
    PublicationRefused,
    publish,
    read_publication,
)

LINKS = {"ab": ("a", "b"), "ac": ("a", "c"), "bc": ("b", "c")}


@st.composite
def skies(draw):
    def blocks():
        times = draw(st.lists(st.floats(0, 1e6), max_size=5))
        return [BlockSpec(at, draw(st.integers(0, 5000))) for at in sorted(times)]

    return {station: blocks() for station in "abc"}


@given(skies())
def test_every_byte_of_a_station_is_published_once_and_after_both_passes(blocks):
    found = pairings(blocks, LINKS)
    used = Counter()
    assert [pairing.number for pairing in found] == list(range(len(found)))
    assert [pairing.at_s for pairing in found] == sorted(pairing.at_s for pairing in found)
    for pairing in found:
        assert pairing.stations == LINKS[pairing.link]
        sizes = {part.stop - part.start for part in pairing.parts}
        assert len(sizes) == 1
        assert sizes.pop() >= SHORTEST_BYTES
        for station, part in zip(pairing.stations, pairing.parts, strict=True):
            block = blocks[station][part.block]
            assert 0 <= part.start < part.stop <= block.length_bytes
            assert pairing.at_s >= block.ready_s
            used.update((station, part.block, byte) for byte in range(part.start, part.stop))
    assert all(count == 1 for count in used.values())


def test_nothing_that_can_be_paired_is_left():
    blocks = {"a": [BlockSpec(1, 4000)], "b": [BlockSpec(2, 2000), BlockSpec(3, 2000)], "c": []}
    (first, second) = pairings(blocks, {"ab": ("a", "b")})
    assert [first.at_s, second.at_s] == [2, 3]
    assert first.length_bytes + second.length_bytes == 4000 - 2 * TAG_BYTES


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    path = tmp_path_factory.mktemp("satellite") / "identity"
    public = ensure_identity(path)
    return Signer(path), MLDSA65PublicKey.from_public_bytes(public)


def made(signer, parts):
    size = len(parts[0])
    draft = Publication("sat", 3, "ab", ("a", "b"), ((0, 0, size), (4, 8, 8 + size)), b"")
    return publish(draft, parts, signer[0])


def test_both_stations_get_the_key_of_the_first(signer):
    parts = os.urandom(132), os.urandom(132)
    publication = made(signer, parts)
    keys = {publication.key_for(station, part, signer[1]) for station, part in zip("ab", parts, strict=True)}
    assert keys == {parts[0][TAG_BYTES:]}
    with pytest.raises(PublicationRefused, match="not for c"):
        publication.key_for("c", parts[0], signer[1])


@pytest.mark.parametrize("field", ["satellite", "number", "link", "stations", "parts", "value", "signature"])
def test_a_changed_publication_is_refused(signer, field):
    parts = os.urandom(132), os.urandom(132)
    publication = made(signer, parts)
    value = getattr(publication, field)
    changed = {
        str: lambda: value + "x",
        int: lambda: value + 1,
        bytes: lambda: bytes([value[0] ^ 1]) + value[1:],
        tuple: lambda: value[::-1],
    }[type(value)]()
    forged = msgspec.structs.replace(publication, **{field: changed})
    for station, part in zip(forged.stations, parts, strict=True):
        with pytest.raises(PublicationRefused):
            forged.key_for(station, part, signer[1])


def test_a_signature_alone_is_not_enough(signer):
    """Whoever broke ML-DSA still has to forge the tag, which nobody can."""
    parts = os.urandom(132), os.urandom(132)
    forged = made(signer, (os.urandom(132), os.urandom(132)))
    for station, part in zip("ab", parts, strict=True):
        with pytest.raises(PublicationRefused):
            forged.key_for(station, part, signer[1])


def test_files_that_are_no_publications_are_refused(tmp_path):
    for content in (b"", b"\x80", secrets.token_bytes(100)):
        (tmp_path / "0.xor").write_bytes(content)
        with pytest.raises(PublicationRefused):
            read_publication(tmp_path / "0.xor")


def test_a_station_outside_the_pair_learns_nothing():
    """Exactly, on keys of two bits: whatever an outsider sees, all keys of the pair are equally likely.

    All keys of three stations, each used for two links, are gone through: the outsider knows its own, and the
    exclusive-ors of all three pairs.
    """
    seen: dict[tuple, Counter] = {}
    bits = [bytes([value]) for value in range(4)]
    for ab, ac, ba, bc, ca, cb in product(bits, repeat=6):
        public = (xor(ab, ba), xor(ac, ca), xor(bc, cb))
        seen.setdefault((ca, cb, public), Counter())[ab] += 1
    assert len(seen) == 4**5
    for keys in seen.values():
        assert set(keys) == set(bits)
        assert len(set(keys.values())) == 1


def test_the_exact_test_notices_a_byte_that_is_used_twice():
    """If a station's bits served two links, the outsider would know the pair's key."""
    seen: dict[tuple, Counter] = {}
    for a, b, c in product(range(4), repeat=3):
        seen.setdefault((c, (a ^ b, a ^ c, b ^ c)), Counter())[a] += 1
    assert all(len(keys) == 1 for keys in seen.values())


def test_what_is_published_is_the_exclusive_or_and_no_more(signer):
    parts = os.urandom(132), os.urandom(132)
    publication = made(signer, parts)
    assert publication.value == xor(parts[0][TAG_BYTES:], parts[1][TAG_BYTES:])
    assert publication.text().count(publication.value) == 1
    for part in parts:
        assert part[:TAG_BYTES] not in publication.text()
