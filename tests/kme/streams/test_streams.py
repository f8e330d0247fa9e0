"""Both ends of a stream get the same bytes for the same number, once each."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import sleep
from uuid import uuid4

import pytest
import uvloop

from qkdctl.errors import KmeError
from qkdctl.keystore.audit import entries, verify
from qkdctl.keystore.entry import key_id
from qkdctl.kme.link import KmeLink
from qkdctl.kme.streams import chunks
from qkdctl.kme.streams.client import StreamRefused
from qkdctl.kme.streams.frames import Status
from qkdctl.kme.words import Answer
from tests.keystore.conftest import SESSION
from tests.kme.lab import Lab
from tests.kme.test_delivery import pause_until


def both(link, a, b, **more):
    """Both ends of a new stream."""
    one = a.open("SAE_A", "SAE_B", **more)
    return one, b.open("SAE_B", "SAE_A", one.ksid, **more)


def refused(status):
    return pytest.raises(StreamRefused, match=status.name)


def test_both_ends_get_the_same_whoever_asks_first(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one, two = both(link, a, b, chunk_bytes=48)
        values = {}
        for index in (0, 1, 2, 7, 2**32 - 1):
            order = (one, two) if index % 2 else (two, one)
            first, second = (end.get(index) for end in order)
            assert (first.value, first.index) == (second.value, index)
            assert first.metadata["hops"] == second.metadata["hops"] == 0
            assert 0 <= first.metadata["age"] < 1e8
            values[index] = first.value.reveal()
        assert {len(value) for value in values.values()} == {48}
        assert len(set(values.values())) == len(values)
        one.close()
        two.close()


def test_a_chunk_is_given_once_at_each_end(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one, two = both(link, a, b, timeout_ms=100)
        one.get(0)
        two.get(0)
        for end in (one, two):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)


def test_both_ends_ask_at_the_same_moment(link, monkeypatch):
    """However long a chunk is on its way to the other KME."""
    monkeypatch.setattr(chunks, "ON_ITS_WAY_S", 60.0)
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one, two = both(link, a, b, timeout_ms=60_000)
        got = {one: {}, two: {}}
        gate = threading.Barrier(2)

        def fetch(end):
            for index in range(40):
                gate.wait(120)
                got[end][index] = end.get(index).value.reveal()

        threads = [threading.Thread(target=fetch, args=(end,)) for end in got]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert len(got[one]) == 40
        assert got[one] == got[two]
        assert len(set(got[one].values())) == 40


def test_nothing_is_given_that_the_other_kme_has_not_written_down(tmp_path, monkeypatch):
    """Bob's end asks, Alice's KME draws, and Bob's fails to take it: Alice's end does not get it either."""
    from qkdctl.errors import RecordingError
    from qkdctl.kme import allotment

    def fail(*_, **__):
        raise RecordingError("a disk is full")

    lab = Lab(tmp_path)
    lab.fill([1])
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one, two = both(lab, a, b, timeout_ms=500)
        with monkeypatch.context() as patched:
            patched.setattr(allotment, "accept", fail)
            with refused(Status.NO_QKD_CONNECTION):
                two.get(0)
        for end in (one, two):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)
        assert one.get(1).value == two.get(1).value
        assert two.get(2).value == one.get(2).value


def test_a_block_that_bobs_kme_has_no_longer_costs_one_chunk(tmp_path):
    lab = Lab(tmp_path)
    lab.fill([1, 2])
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b, lab.client("SAE_B") as client:
        pause_until(lambda: client.status("SAE_A")["stored_key_count"] == 250)
        with lab.store("bob") as store, store.transaction() as connection:
            store.supply.close_block(connection, key_id(SESSION, 1), "a test")
        one, two = both(lab, a, b)
        with refused(Status.NO_QKD_CONNECTION):
            two.get(0)
        assert two.get(1).value == one.get(1).value
        for end in (one, two):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)


def test_nothing_is_given_before_the_other_end_is_there(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one = a.open("SAE_A", "SAE_B")
        with refused(Status.PEER_NOT_YET_CONNECTED):
            one.get(0)
        two = b.open("SAE_A", "SAE_B", one.ksid)
        assert two.ksid == one.ksid
        assert one.get(0).value == two.get(0).value


def test_the_one_may_wait_for_the_other(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one = a.open("SAE_A", "SAE_B")
        later = threading.Timer(0.5, lambda: b.open("SAE_B", "SAE_A", one.ksid))
        later.start()
        assert one.get(0, wait_s=120)
        later.join()


def test_what_was_drawn_before_one_end_closed_is_there_for_the_other(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one, two = both(link, a, b)
        first = one.get(5)
        one.close()
        assert two.get(5).value == first.value
        with refused(Status.PEER_NOT_YET_CONNECTED):
            two.get(6)
        with refused(Status.PEER_NOT_YET_CONNECTED):
            one.get(6)
        with refused(Status.PEER_NOT_YET_CONNECTED):
            one.close()


def test_the_first_settles_the_length_and_the_second_is_told(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one = a.open("SAE_A", "SAE_B", chunk_bytes=64)
        two = b.open("SAE_B", "SAE_A", one.ksid, chunk_bytes=16)
        assert (one.qos.chunk_bytes, two.qos.chunk_bytes) == (64, 64)
        assert len(two.get(0).value) == 64


def test_two_applications_of_one_kme_share_a_stream(link):
    for party, sae, other in (("alice", "SAE_A", "SAE_A2"), ("bob", "SAE_B", "SAE_B2")):
        with link.streams(sae, party) as a, link.streams(other, party) as b:
            one = a.open(sae, other)
            two = b.open(other, sae, one.ksid)
            for first, second in ((one, two), (two, one)):
                index = 0 if first is one else 1
                assert first.get(index).value == second.get(index).value


@pytest.mark.parametrize("missing", [True, False])
def test_a_number_never_has_two_values_at_one_kme(tmp_path, monkeypatch, missing):
    """SAE_A draws, SAE_A2 collects while the grant is on its way to Bob's KME, and that refuses it."""
    told, collected, answer = threading.Event(), threading.Event(), KmeLink.answer_grant

    async def refuse_the_first(link, grant):
        if told.is_set():
            return await answer(link, grant)
        told.set()
        await asyncio.to_thread(collected.wait, 60)
        return Answer("a test", missing=grant.pieces[0][0].key_id if missing else "")

    monkeypatch.setattr(KmeLink, "answer_grant", refuse_the_first)
    lab = Lab(tmp_path)
    lab.fill([1, 2])
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_A2") as b, ThreadPoolExecutor(1) as pool:
        one = a.open("SAE_A", "SAE_A2")
        two = b.open("SAE_A2", "SAE_A", one.ksid)
        drawing = pool.submit(one.get, 0)
        assert told.wait(60)
        assert two.get(0)
        collected.set()
        with refused(Status.INSUFFICIENT_KEY):
            drawing.result(60)
        for end in (one, two):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)
        assert one.get(1).value == two.get(1).value


def test_streams_do_not_mix(link):
    ksid = uuid4()
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b, link.streams("SAE_A2") as other:
        one, two = a.open("SAE_A", "SAE_B", ksid), b.open("SAE_B", "SAE_A", ksid)
        with refused(Status.KSID_IN_USE):
            other.open("SAE_A2", "SAE_B", ksid)
        with link.streams("SAE_B2") as stranger:
            with refused(Status.KSID_IN_USE):
                stranger.open("SAE_B2", "SAE_A", ksid)
            stream = stranger.open("SAE_B2", "SAE_A2")
            stream.ksid = ksid
            with refused(Status.PEER_NOT_YET_CONNECTED):
                stream.get(0)
        assert one.get(0).value == two.get(0).value


def test_a_stream_is_taken_up_again_after_its_connection_was_lost(link):
    with link.streams("SAE_A") as a, link.streams("SAE_B") as b:
        one, two = both(link, a, b)
        first = one.get(0)
        with link.streams("SAE_A") as second:
            with refused(Status.KSID_IN_USE):
                second.open("SAE_A", "SAE_B", one.ksid)
            a.hang_up()
            pause_until(lambda: resumed(second, one.ksid))
            again = second.open("SAE_A", "SAE_B", one.ksid)
            assert again.get(1).value == two.get(1).value
            assert two.get(0).value == first.value


def test_an_end_is_on_one_connection_under_the_loop_that_serves_in_earnest(tmp_path):
    lab = Lab(tmp_path)
    with lab.start(run=uvloop.run), lab.streams("SAE_A") as a, lab.streams("SAE_A") as second:
        ksid = a.open("SAE_A", "SAE_B").ksid
        with refused(Status.KSID_IN_USE):
            second.open("SAE_A", "SAE_B", ksid)
        a.hang_up()
        pause_until(lambda: resumed(second, ksid))


def resumed(client, ksid):
    try:
        return client.open("SAE_A", "SAE_B", ksid)
    except StreamRefused:
        return None


def test_streams_go_on_after_a_kme_was_started_again(tmp_path):
    lab = Lab(tmp_path)
    lab.fill([1])
    ksid = uuid4()
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one, two = a.open("SAE_A", "SAE_B", ksid), b.open("SAE_B", "SAE_A", ksid)
        first = one.get(0)
        two.get(1)
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        two = b.open("SAE_B", "SAE_A", ksid, timeout_ms=100)
        assert two.get(0).value == first.value
        one = a.open("SAE_A", "SAE_B", ksid, timeout_ms=100)
        assert one.get(2).value == two.get(2).value
        for index, end in ((0, one), (1, two)):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(index)


@pytest.mark.parametrize(("source", "destination"), [
    ("SAE_B", "SAE_B2"), ("SAE_A", "SAE_X"), ("SAE_A", "SAE_A"), ("client", "server://b"), ("", ""),
    ("qkd://SAE_B", "qkd://SAE_B2"),
])  # fmt: skip
def test_no_link_leads_there(link, source, destination):
    with link.streams("SAE_A") as a, refused(Status.NO_QKD_CONNECTION):
        a.open(source, destination)


@pytest.mark.parametrize("uris", [
    ("qkd://SAE_A", "qkd://SAE%20B%2F3"), ("client://SAE_A/app", "server://SAE%20B%2F3/x"), ("SAE_A", "SAE B/3"),
])  # fmt: skip
def test_applications_are_named_by_uri_or_id(link, uris):
    with link.streams("SAE_A") as a:
        assert a.open(*uris)


def test_too_little_key_and_more_in_time(tmp_path):
    lab = Lab(tmp_path)
    lab.fill([1], 8 * 64)
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one, two = both(lab, a, b, chunk_bytes=40, timeout_ms=300)
        one.get(0)
        with refused(Status.INSUFFICIENT_KEY):
            one.get(1)
        one, two = both(lab, a, b, chunk_bytes=40, timeout_ms=60_000)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(one.get, 1)
            sleep(0.5)
            lab.fill([2], 8 * 64)
            assert waiting.result(120).value == two.get(1).value


def test_without_the_other_kme_there_are_no_streams(tmp_path):
    lab = Lab(tmp_path)
    lab.fill([1])
    with lab.start("alice"), lab.streams("SAE_A") as a, refused(Status.NO_QKD_CONNECTION):
        a.open("SAE_A", "SAE_B")


def test_hybrid_policy_holds_for_streams(tmp_path):
    from tests.keystore.conftest import filler

    lab = Lab(tmp_path, 'lab = true\nhybrid = "required"')
    lab.fill([1])
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one, two = both(lab, a, b)
        value = one.get(0).value
        assert two.get(0).value == value
        assert value.reveal() != filler("key 1", 32)


def test_whoever_may_not_have_a_stream_gets_none_and_the_log_says_so(tmp_path):
    lab = Lab(tmp_path)
    lab.fill([1])
    lab.authority.issue("sae", "SAE_X")
    with lab.start(), lab.streams("SAE_A") as a, lab.streams("SAE_B") as b:
        one, _ = both(lab, a, b)
        one.get(0)
        with lab.streams("SAE_X", "alice") as stranger, refused(Status.NO_QKD_CONNECTION):
            stranger.open("SAE_X", "SAE_B")
        with lab.streams("SAE_B", "alice") as elsewhere, refused(Status.NO_QKD_CONNECTION):
            elsewhere.open("SAE_B", "SAE_A")
        lab.authority.revoke("SAE_A")
        index = iter(range(1, 1000))
        pause_until(lambda: not served(one, next(index)))
        with refused(Status.NO_QKD_CONNECTION):
            one.get(1000)
    with lab.store("alice") as store, store.transaction() as connection:
        verify(connection)
        log = list(entries(connection))
    whys = {(row["why"], row["who"]) for row in log if row["event"] == "refused"}
    assert ("this KME does not serve the SAE that the certificate names", "sae SAE_X") in whys
    assert ("this KME does not serve the SAE that the certificate names", "sae SAE_B") in whys
    assert ("the certificate was revoked", "sae SAE_A") in whys
    assert [row["sae"] for row in log if row["event"] == "stream opened"] == ["SAE_A"]
    assert {row["event"] for row in log} >= {"delivered"}


def served(end, index):
    with suppress(StreamRefused):
        return end.get(index)


def test_a_certificate_of_another_ca_gets_no_answer(link, tmp_path):
    from qkdctl.kme.ca import Authority
    from qkdctl.kme.streams.client import StreamClient

    Authority(tmp_path / "other").issue("sae", "SAE_A")
    files = (tmp_path / "other" / "SAE_A.crt", tmp_path / "other" / "SAE_A.key", link.pki / "ca.crt")
    with (
        StreamClient(f"localhost:{link.stream_ports['alice']}", *files) as a,
        pytest.raises(KmeError, match="no answer"),
    ):
        a.open("SAE_A", "SAE_B")
