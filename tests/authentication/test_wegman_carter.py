"""Tags: right by the textbook, one key each, and nothing passes that was not said."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.authentication.memory_pool import MemoryPool
from postproc.authentication.wegman_carter import Authenticator, forgery_bound
from postproc.conversation.messages import TranscriptTag
from postproc.errors import AuthenticationFailed, PoolExhausted
from tests.authentication.conftest import SHARED_KEY

PRIME = 2**130 - 5
CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def poly1305(r: bytes, s: bytes, text: bytes) -> bytes:
    """Bernstein 2005, section 2, with Python's integers."""
    point = int.from_bytes(r, "little") & CLAMP
    value = 0
    for i in range(0, len(text), 16):
        value = (value + int.from_bytes(text[i : i + 16] + b"\x01", "little")) * point % PRIME
    return ((value + int.from_bytes(s, "little")) % 2**128).to_bytes(16, "little")


def test_the_oracle_gives_the_published_tag():
    """RFC 8439, section 2.5.2."""
    r = bytes.fromhex("85d6be7857556d337f4452fe42d506a8")
    s = bytes.fromhex("0103808afb0db2fd4abff6af4149f51b")
    tag = poly1305(r, s, b"Cryptographic Forum Research Group")
    assert tag == bytes.fromhex("a8061dc1305136c6c22b8baf0c0127a9")


@given(st.binary(max_size=100), st.sampled_from(["alice", "bob"]))
def test_a_tag_is_the_polynomial_under_the_directions_key_and_a_fresh_mask(text, role):
    authenticator, first = Authenticator(role, MemoryPool(SHARED_KEY)), 16 if role == "alice" else 32
    for number in range(2):
        tag = authenticator.tag(text)
        mask = 48 + 32 * number + (0 if role == "alice" else 16)
        assert (tag.source, tag.number) == (SHARED_KEY[:16], number)
        assert tag.tag == poly1305(SHARED_KEY[first : first + 16], SHARED_KEY[mask : mask + 16], text)


@given(st.binary(max_size=100))
def test_a_tag_passes_once_at_the_other_end_and_not_at_its_own(text):
    alice, bob = ends()
    tag = alice.tag(text)
    bob.check(text, tag)
    with pytest.raises(AuthenticationFailed, match="not free here"):
        bob.check(text, tag)
    with pytest.raises(AuthenticationFailed):
        alice.check(text, tag)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_change_of_text_or_tag_passes_and_none_uses_the_key_up(text, data):
    alice, bob = ends()
    tag = alice.tag(text)
    spoilt = bytearray(text + tag.tag)
    spoilt[data.draw(st.integers(0, len(spoilt) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(AuthenticationFailed, match="does not fit what was said"):
        bob.check(
            bytes(spoilt[: len(text)]), TranscriptTag(tag.source, tag.number, bytes(spoilt[len(text) :]))
        )
    bob.check(text, tag)


def test_a_tag_under_another_keys_name_does_not_pass():
    alice, bob = ends()
    tag = alice.tag(b"text")
    with pytest.raises(AuthenticationFailed, match="does not fit what was said"):
        bob.check(b"text", TranscriptTag(tag.source, tag.number + 1, tag.tag))
    with pytest.raises(AuthenticationFailed, match="give both parties a new pre-shared key"):
        bob.check(b"text", TranscriptTag(bytes(16), tag.number, tag.tag))


def test_parties_with_different_hash_keys_do_not_understand_each_other():
    other = SHARED_KEY[:16] + bytes(range(16)) + SHARED_KEY[32:]
    alice, bob = Authenticator("alice", MemoryPool(other)), Authenticator("bob", MemoryPool(SHARED_KEY))
    with pytest.raises(AuthenticationFailed):
        bob.check(b"text", alice.tag(b"text"))


def test_tags_that_come_in_out_of_order_pass():
    """Blocks are worked on side by side, and a later tag of one may overtake an earlier one of another."""
    alice, bob = ends()
    tags = [(bytes([n]), alice.tag(bytes([n]))) for n in range(8)]
    for text, tag in reversed(tags):
        bob.check(text, tag)


def test_without_key_there_is_no_tag():
    authenticator = Authenticator("alice", MemoryPool(SHARED_KEY[: 48 + 32]))
    authenticator.tag(b"")
    with pytest.raises(PoolExhausted):
        authenticator.tag(b"")


@given(st.integers(0, 2**40))
def test_the_forgery_bound_is_bernsteins(length):
    """Theorem 3.3 of the Poly1305-AES paper, for one attempt and an ideal mask; exact in a double."""
    blocks = length // 16 + (length % 16 > 0)
    assert Fraction(forgery_bound(length)) == Fraction(8 * blocks, 2**106)


def ends():
    return Authenticator("alice", MemoryPool(SHARED_KEY)), Authenticator("bob", MemoryPool(SHARED_KEY))
