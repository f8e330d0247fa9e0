"""What the notary must complain of, and what not."""

from postproc.conversation.frames import Frame, pack
from postproc.conversation.messages import TranscriptTag, encode
from postproc.link.packets import Data
from postproc.link.packets import pack as pack_packet
from qkdctl.faults.notary import Notary
from qkdctl.node import signals

SESSION = b"s" * 16


def packet(payload=b"p", *, block=1, sequence=0, session=SESSION, epoch=b"e" * 8, number=0):
    frame = pack(Frame(1, session, "test", block, sequence, payload))
    return pack_packet(Data(epoch, number, signals.FRAME + frame))


def tag(number):
    return encode(TranscriptTag(b"k" * 16, number, bytes(16)))


def complaints(*said):
    notary = Notary()
    for sender, each in said:
        notary.see(sender, each)
    return notary.complaints


def test_a_resend_of_the_same_bytes_is_fine():
    assert not complaints(("alice", packet()), ("alice", packet()), ("bob", packet(b"other")))


def test_other_bytes_in_the_same_place_are_not():
    (complaint,) = complaints(("alice", packet(b"1")), ("alice", packet(b"2", epoch=b"f" * 8, number=7)))
    assert "twice, with other bytes" in complaint


def test_before_there_is_a_session_every_attempt_has_its_own_words():
    assert not complaints(("alice", packet(b"1", session=b"")), ("alice", packet(b"2", session=b"")))


def test_a_one_time_key_is_spent_once():
    assert not complaints(("alice", packet(tag(1))), ("alice", packet(tag(1))), ("bob", packet(tag(1))))
    (complaint,) = complaints(("alice", packet(tag(1))), ("alice", packet(tag(1), block=2)))
    assert complaint.startswith("Alice spent one-time key 1")


def test_noise_is_passed_over():
    assert not complaints(
        ("alice", b""), ("alice", b"\xff" * 40), ("bob", pack_packet(Data(b"e" * 8, 0, b"bye")))
    )
