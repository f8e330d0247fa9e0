"""Key streams (ETSI GS QKD 004) between applications that no link joins."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from qkdctl.errors import KmeError
from qkdctl.keystore.audit import entries, verify
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.streams.client import StreamClient, StreamRefused
from qkdctl.kme.streams.frames import Status
from qkdctl.network.envelope import OVERHEAD
from qkdctl.network.linkend import LinkEnd
from qkdctl.network.spec import STORE
from tests.network.lab import Network

RING = """
name = "ring"
lab = true
gossip_s = 0.3
time.speed = 30

[domains.lab]

[nodes]
a = { domain = "lab", saes = ["SAE_A", "SAE_A2"] }
b = { domain = "lab" }
c = { domain = "lab", saes = ["SAE_C"] }
d = { domain = "lab" }

[links]
ab = { between = ["a", "b"], modelled = {} }
bc = { between = ["c", "b"], modelled = {} }
cd = { between = ["c", "d"], modelled = { channel_loss_db = 12.0 } }
da = { between = ["d", "a"], modelled = { channel_loss_db = 12.0 } }
"""
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    with Network(RING, tmp_path_factory.mktemp("ring")) as network:
        network.share("SAE_A", "SAE_C", mandatory={"qkdctl_min_paths": 2})
        yield network


def connect(network, sae):
    return StreamClient(network.specs[network.node_of(sae)].streams, *network.files(sae))


def both(a, c, names=("SAE_A", "SAE_C"), **more):
    """Both ends of a new stream."""
    more = {"timeout_ms": PATIENCE_MS} | more
    one = a.open(*names, uuid4(), **more)
    return one, c.open(*names[::-1], one.ksid, **more)


def refused(*statuses):
    return pytest.raises(StreamRefused, match="|".join(status.name for status in statuses))


def maybe(end, index):
    """A chunk; None if it was lost because a machine that has much else to do let a message come too late."""
    try:
        return end.get(index)
    except StreamRefused as error:
        if error.status != Status.INSUFFICIENT_KEY:
            raise
        return None


def shared(one, two, indices, most_lost=3):
    """Chunks that both ends have, asked for by either first; of each other, neither has one."""
    got, lost = {}, 0
    for index in indices:
        first, second = (one, two) if index % 2 else (two, one)
        if (chunk := maybe(first, index)) is None:
            assert maybe(second, index) is None
            lost += 1
        else:
            assert second.get(index).value == chunk.value
            got[index] = chunk
    assert lost <= most_lost
    return got


def test_both_ends_get_the_same_chunks_whoever_asks_first(ring):
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one, two = both(a, c, chunk_bytes=48)
        chunks = shared(one, two, (0, 1, 2, 9, 2**32 - 1))
        values = {chunk.value.reveal() for chunk in chunks.values()}
        assert {len(value) for value in values} == {48}
        assert len(values) == len(chunks)
        assert {chunk.metadata["hops"] for chunk in chunks.values()} == {1}
        for end in (one, two):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)
            end.close()


def test_every_relayed_bit_is_consumed_once_on_each_hop(ring, monkeypatch):
    drawn, collected = {}, {}
    draw, collect = LinkEnd.draw, LinkEnd.collect

    async def drawing(end, length, oldest):
        key = await draw(end, length, oldest)
        drawn.setdefault(end.name, {})[key.id] = key.value.reveal()
        return key

    async def collecting(end, key_id):
        key = await collect(end, key_id)
        collected.setdefault(end.name, {})[key.id] = key.value.reveal()
        return key

    monkeypatch.setattr(LinkEnd, "draw", drawing)
    monkeypatch.setattr(LinkEnd, "collect", collecting)
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one, two = both(a, c, chunk_bytes=32)
        chunks = shared(one, two, range(6))
    for link, keys in collected.items():
        assert keys.items() <= drawn[link].items()
    keys = [value for link in drawn.values() for value in link.values()]
    assert len(keys) >= 2 * len(chunks)
    if len(chunks) == 6:
        assert drawn == collected
        assert len(keys) == 2 * 6
    assert {len(value) for value in keys} == {32 + OVERHEAD}
    assert len(set(keys)) == len(keys)


def test_both_ends_ask_at_the_same_moment(ring):
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one, two = both(a, c)
        gate = threading.Barrier(2)

        def fetch(end):
            found = []
            for index in range(12):
                gate.wait(60)
                found.append(maybe(end, index))
            return found

        with ThreadPoolExecutor(2) as pool:
            theirs, ours = pool.map(fetch, (two, one))
        pairs = [(a.value, c.value) for a, c in zip(ours, theirs, strict=True) if a and c]
        assert len(pairs) >= 9
        assert all(our == their for our, their in pairs)
        assert len({our.reveal() for our, _ in pairs}) == len(pairs)


def test_a_stream_goes_the_other_way_when_its_own_is_cut(ring):
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one, two = both(a, c)
        shared(one, two, range(3))
        ring.cut("bc")
        try:
            # A chunk that was on its way over the link is lost at both ends; those after it go round.
            assert shared(one, two, range(3, 9))
        finally:
            ring.heal("bc")


def test_nothing_is_given_while_only_one_end_is_open(ring):
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        for client, names in ((a, ("SAE_A", "SAE_C")), (c, ("SAE_C", "SAE_A"))):
            end = client.open(*names, uuid4(), timeout_ms=2000)
            with refused(Status.PEER_NOT_YET_CONNECTED):
                end.get(0)
        one, two = both(a, c)
        index = next(index for index in range(4) if (first := maybe(one, index)))
        one.close()
        assert two.get(index).value == first.value
        with refused(Status.PEER_NOT_YET_CONNECTED):
            two.get(index + 1)


def test_two_applications_of_one_node_share_a_stream(ring):
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_A2") as c:
        one, two = both(a, c, ("SAE_A", "SAE_A2"))
        assert len(shared(one, two, range(2), 0)) == 2


def test_a_chunk_that_is_lost_between_the_nodes_is_lost_at_both_ends(ring, monkeypatch):
    from qkdctl.network import receiver

    def fail(*_, **__):
        raise OSError("a disk is full")

    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one, two = both(a, c)
        with monkeypatch.context() as patched:
            patched.setattr(receiver, "hold_keys", fail)
            with refused(Status.INSUFFICIENT_KEY):
                two.get(0)
        for end in (two, one):
            with refused(Status.INSUFFICIENT_KEY):
                end.get(0)
        assert shared(one, two, range(1, 4))


def test_a_node_that_was_started_again_knows_what_was_given(ring):
    ksid = uuid4()
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        one = a.open("SAE_A", "SAE_C", ksid, timeout_ms=PATIENCE_MS)
        two = c.open("SAE_C", "SAE_A", ksid, timeout_ms=PATIENCE_MS)
        firsts = {index: chunk for index in range(0, 8, 2) if (chunk := maybe(one, index))}
        seconds = {index: chunk for index in range(1, 8, 2) if (chunk := maybe(two, index))}
    assert firsts
    assert seconds
    ring.stop("a")
    ring.start("a")
    ring.share("SAE_A", "SAE_C")
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_C") as c:
        two = c.open("SAE_C", "SAE_A", ksid, timeout_ms=PATIENCE_MS)
        assert all(two.get(index).value == chunk.value for index, chunk in firsts.items())
        one = a.open("SAE_A", "SAE_C", ksid, timeout_ms=PATIENCE_MS)
        assert all(one.get(index).value == chunk.value for index, chunk in seconds.items())
        assert shared(one, two, range(8, 12))
        with refused(Status.INSUFFICIENT_KEY):
            one.get(next(iter(firsts)))


def test_strangers_have_no_stream_and_the_logs_are_whole(ring):
    ksid = uuid4()
    with connect(ring, "SAE_A") as a, connect(ring, "SAE_A2") as other, connect(ring, "SAE_C") as c:
        with refused(Status.NO_QKD_CONNECTION):
            a.open("SAE_A", "SAE_X")
        a.open("SAE_A", "SAE_C", ksid)
        with refused(Status.KSID_IN_USE):
            other.open("SAE_A2", "SAE_C", ksid)
        with refused(Status.KSID_IN_USE):
            c.open("SAE_C", "SAE_A2", ksid)
    for node in ("a", "c"):
        with KeyStore(ring.specs[node].path / STORE, "node") as store, store.transaction() as connection:
            verify(connection)
            assert {"waits", "collected"} <= {row["event"] for row in entries(connection)}


def test_without_a_way_there_is_no_stream(ring):
    for link in ("ab", "da"):
        ring.cut(link)
    try:
        with connect(ring, "SAE_A") as a, pytest.raises(KmeError):
            a.open("SAE_A", "SAE_C", uuid4())
    finally:
        for link in ("ab", "da"):
            ring.heal(link)
    ring.share("SAE_A", "SAE_C")
