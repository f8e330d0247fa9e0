"""One suite for every carrier: two links over it lose nothing."""

import time
from contextlib import ExitStack

import pytest
import zmq

from postproc.link import Link, LinkFailed, Patience
from qkdctl.carriers.memory import memory_pair
from qkdctl.carriers.zeromq import Curve, Doorkeeper, ZeroMqCarrier

PATIENCE = Patience(resend_s=0.05, resend_most_s=0.1, heartbeat_s=0.1, lost_s=3.0)


def curves():
    (a_public, a_secret), (b_public, b_secret) = zmq.curve_keypair(), zmq.curve_keypair()
    return Curve(a_public, a_secret, b_public), Curve(b_public, b_secret, a_public)


@pytest.fixture(params=["memory", "ipc", "tcp-curve"])
def carriers(request, tmp_path):
    with ExitStack() as stack:
        if request.param == "memory":
            pair = memory_pair()
        else:
            context = stack.enter_context(zmq.Context())
            pair = _sockets(request.param, context, tmp_path, stack)
        for carrier in pair:
            stack.callback(carrier.close)
        yield pair


def _sockets(kind, context, tmp_path, stack):
    if kind == "ipc":
        address = f"ipc://{tmp_path}/link"
        return ZeroMqCarrier(context, address, bind=True), ZeroMqCarrier(context, address, bind=False)
    server, client = curves()
    stack.callback(Doorkeeper(context, server.peer).close)
    first = ZeroMqCarrier(context, "tcp://127.0.0.1:*", bind=True, curve=server)
    return first, ZeroMqCarrier(context, first.endpoint, bind=False, curve=client)


def run(carriers, items, window=16, seconds=20.0):
    """Carry `items` both ways; give what arrived."""
    now = time.monotonic()
    links = [Link(epoch, now, window=window, patience=PATIENCE) for epoch in (b"alice..1", b"bob....1")]
    waiting, arrived = [list(items), list(items)], [[], []]
    stop = now + seconds
    while time.monotonic() < stop:
        for link, carrier, own, got in zip(links, carriers, waiting, arrived, strict=True):
            pump(link, carrier, own, got)
        if all(link.settled for link in links) and not any(waiting):
            return arrived
        time.sleep(0.0005)
    raise AssertionError(f"not done: {[len(got) for got in arrived]} of {len(items)} arrived")


def pump(link, carrier, own, got):
    now = time.monotonic()
    while (packet := carrier.receive()) is not None:
        link.hear(packet, now)
    while own and link.room:
        link.send(own.pop(0))
    while (item := link.receive()) is not None:
        got.append(item)
        link.done()
    for packet in link.packets(now):
        carrier.send(packet)


def pump_for(seconds, link, carrier):
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        pump(link, carrier, [], [])
        time.sleep(0.01)


def test_items_arrive_once_and_in_order(carriers):
    items = [n.to_bytes(4, "big") for n in range(2000)]
    assert run(carriers, items) == [items, items]


def test_large_items_arrive_whole(carriers):
    items = [bytes([n]) * 2**20 for n in range(20)]
    assert run(carriers, items) == [items, items]


def test_a_peer_that_goes_is_noticed(carriers):
    now = time.monotonic()
    link = Link(b"alice..1", now, patience=Patience(greet_s=0.3))
    with pytest.raises(LinkFailed, match="not appeared"):
        pump_for(5, link, carriers[0])


def test_a_stranger_is_not_let_in():
    with ExitStack() as stack:
        context = stack.enter_context(zmq.Context())
        server, _ = curves()
        stack.callback(Doorkeeper(context, server.peer).close)
        first = ZeroMqCarrier(context, "tcp://127.0.0.1:*", bind=True, curve=server)
        public, secret = zmq.curve_keypair()
        stranger = ZeroMqCarrier(
            context, first.endpoint, bind=False, curve=Curve(public, secret, server.public)
        )
        stack.callback(first.close)
        stack.callback(stranger.close)
        stranger.send(b"let me in")
        time.sleep(0.5)
        assert first.receive() is None


def test_keys_do_not_show():
    curve, _ = curves()
    assert curve.secret.decode() not in repr(curve)


def test_where_no_doorkeeper_answers_nobody_is_let_in():
    """Not even who has the right keys: a door without a keeper stays shut."""
    server, client = curves()
    with zmq.Context() as context:
        first = ZeroMqCarrier(context, "tcp://127.0.0.1:*", bind=True, curve=server)
        second = ZeroMqCarrier(context, first.endpoint, bind=False, curve=client)
        try:
            for _ in range(40):
                second.send(b"let me in")
                assert first.receive() is None
                time.sleep(0.01)
        finally:
            first.close()
            second.close()
