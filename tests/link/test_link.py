"""The link over a carrier that drops, repeats, delays and reorders: every item once, in order, in bounded memory."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postproc.link import Link, LinkFailed, Patience
from postproc.link.packets import Data, State, pack, unpack

A, B = b"alice..1", b"bob....1"
STEP_S = 0.01


class Air:
    """A carrier with faults, in virtual time."""

    def __init__(self, seed, drop, repeat, delay_s):
        self._random = random.Random(seed)
        self._drop, self._repeat, self._delay_s = drop, repeat, delay_s
        self._flying = []
        self.data_packets = {}

    def send(self, to, data, now):
        packet = unpack(data)
        if isinstance(packet, Data):
            self.data_packets.setdefault((to, packet.number), set()).add(packet.item)
        for _ in range(1 + (self._random.random() < self._repeat)):
            if self._random.random() >= self._drop:
                self._flying.append((now + self._random.random() * self._delay_s, to, data))

    def arrivals(self, to, now):
        here = [f for f in self._flying if f[1] == to and f[0] <= now]
        self._flying = [f for f in self._flying if f not in here]
        self._random.shuffle(here)
        return [data for _, _, data in here]


def exchange(air, items, window, slow=0.0, seconds=400.0, most_held=2**20):
    """Send both ways; the ends deal with an item only now and then. Give what arrived at each end."""
    links = {end: Link(end, 0.0, window=window, most_held=most_held) for end in (A, B)}
    longest = max(map(len, items), default=0)
    waiting = {end: list(items) for end in links}
    arrived = {end: [] for end in links}
    chance = random.Random(5)
    now = 0.0
    while now < seconds:
        now += STEP_S
        for end, link in links.items():
            other = B if end == A else A
            for data in air.arrivals(end, now):
                link.hear(data, now)
            while waiting[end] and link.room:
                link.send(waiting[end].pop(0))
            while chance.random() >= slow and (item := link.receive()) is not None:
                arrived[end].append(item)
                link.done()
            for data in link.packets(now):
                air.send(other, data, now)
            held = [*link._early.values(), *link._ready]
            assert len(held) <= window
            assert sum(map(len, held)) <= most_held + longest
        if all(link.settled for link in links.values()) and not any(waiting.values()):
            return arrived, now
    raise AssertionError(f"not done after {seconds} s")


@given(
    st.integers(0, 2**32),
    st.lists(st.binary(max_size=20), max_size=40),
    st.integers(1, 16),
    st.floats(0, 0.4),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.floats(0, 0.9),
    st.integers(0, 100),
)
def test_every_item_arrives_once_and_in_order(seed, items, window, drop, repeat, delay_s, slow, most_held):
    air = Air(seed, drop, repeat, delay_s)
    arrived, _ = exchange(air, items, window, slow, most_held=most_held)
    assert arrived == {A: items, B: items}


@given(st.integers(0, 2**32))
def test_a_resend_repeats_the_stored_bytes(seed):
    air = Air(seed, 0.5, 0.2, 0.2)
    exchange(air, [bytes([n]) for n in range(20)], 8)
    assert all(len(versions) == 1 for versions in air.data_packets.values())


def test_without_faults_nothing_is_sent_twice():
    sent = []

    class Clean(Air):
        def send(self, to, data, now):
            if isinstance(unpack(data), Data):
                sent.append((to, unpack(data).number))
            super().send(to, data, now)

    exchange(Clean(1, 0, 0, 0.0), [b"x"] * 50, 8)
    assert len(sent) == len(set(sent)) == 100


def test_an_item_is_acknowledged_only_when_it_is_dealt_with():
    a, b = Link(A, 0.0), Link(B, 0.0)
    greet(a, b)
    a.send(b"key")
    carry(a, b, 1.0)
    assert b.receive() == b"key"
    carry(b, a, 1.0)
    assert not a.settled
    b.done()
    carry(b, a, 1.1)
    assert a.settled


def test_a_sender_must_look_at_the_room():
    link = Link(A, 0.0, window=2)
    link.send(b"1")
    link.send(b"2")
    assert link.room == 0
    with pytest.raises(LinkFailed, match="hold back"):
        link.send(b"3")


def test_nothing_leaves_before_the_other_end_allows_it():
    link = Link(A, 0.0)
    link.send(b"early")
    assert all(isinstance(unpack(packet), State) for packet in link.packets(0.0))


def test_silence_is_noticed():
    a, b = Link(A, 0.0, patience=Patience(lost_s=5.0)), Link(B, 0.0)
    greet(a, b)
    a.packets(4.9)
    with pytest.raises(LinkFailed, match="silent for 6 s"):
        a.packets(6.0)


def test_an_end_that_never_appears_is_noticed():
    link = Link(A, 0.0, patience=Patience(lost_s=5.0, greet_s=20.0))
    link.packets(19.0)
    with pytest.raises(LinkFailed, match="not appeared within 21 s"):
        link.packets(21.0)


def test_an_end_that_starts_anew_is_noticed():
    a, b = Link(A, 0.0), Link(B, 0.0)
    greet(a, b)
    reborn = Link(b"bob....2", 1.0)
    with pytest.raises(LinkFailed, match="started anew"):
        carry(reborn, a, 1.0)


def test_words_for_an_earlier_life_settle_nothing():
    a = Link(A, 0.0)
    a.send(b"key")
    a.hear(pack(State(B, b"alice..0", 1, 64)), 0.0)
    assert not a.settled


@given(st.lists(st.binary(max_size=60)))
def test_noise_is_ignored(noise):
    link = Link(A, 0.0)
    for data in noise:
        link.hear(data, 0.0)
    assert link.receive() is None


@given(st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1))
def test_absurd_numbers_take_no_memory(number, taken, credit):
    link = Link(A, 0.0, window=4)
    link.hear(pack(Data(B, number, b"x")), 0.0)
    link.hear(pack(State(B, A, taken, credit)), 0.0)
    assert len(link._early) + len(link._ready) <= 4
    assert link.room == 4


def test_an_idle_link_gives_a_sign_of_life():
    a, b = Link(A, 0.0), Link(B, 0.0)
    greet(a, b)
    times = [now / 10 for now in range(50) if a.packets(now / 10)]
    assert 3 <= len(times) <= 7


def greet(a, b):
    for _ in range(3):
        carry(a, b, 0.0)
        carry(b, a, 0.0)


def carry(source, target, now):
    for data in source.packets(now):
        target.hear(data, now)


def heard_for(seconds, carries, takes=True, **bounds):
    """Alice sends on and on; the line carries to Bob what it does, and everything to Alice."""
    alice, bob = Link(A, 0.0), Link(B, 0.0, **bounds)
    for now in range(1, seconds):
        while alice.room:
            alice.send(b"x" * 2000)
        for data in alice.packets(now):
            if carries(data):
                bob.hear(data, now)
        while takes and bob.receive() is not None:
            bob.done()
        for data in bob.packets(now):
            alice.hear(data, now)


def test_a_line_that_carries_only_short_packets_is_found_out():
    """Signs of life pass, items do not: both ends would wait for ever."""
    with pytest.raises(LinkFailed, match="nothing that is sent has arrived"):
        heard_for(200, lambda data: len(data) < 1500)


def test_an_end_that_takes_its_time_is_not_taken_for_a_bad_line():
    heard_for(400, lambda data: True, takes=False)
    heard_for(400, lambda data: True)


def test_an_end_without_room_is_not_taken_for_a_bad_line():
    heard_for(400, lambda data: True, takes=False, most_held=5000)


def test_what_has_arrived_is_not_sent_again_while_the_other_end_takes_its_time():
    sent = []

    def carries(data):
        sent.extend(numbers([data]))
        return True

    heard_for(200, carries, takes=False)
    assert sent == list(range(64))


def test_what_has_arrived_is_not_sent_again_where_more_has_been_refused():
    alice = Link(A, 0.0)
    for arrived in (2, None, None):
        alice.hear(pack(State(B, A, 0, 64, arrived)), 0.0)
    for _ in range(3):
        alice.send(b"x")
    assert numbers(alice.packets(0.0)) == numbers(alice.packets(5.0)) == [2]


def numbers(packets):
    return [packet.number for packet in map(unpack, packets) if isinstance(packet, Data)]


@pytest.mark.parametrize(
    ("patience", "times"),
    [
        (Patience(resend_s=2.0, heartbeat_s=0.5), [0.0, 2.0, 4.0, 6.0, 8.0]),
        (Patience(resend_s=0.5, resend_most_s=4.0), [0.0, 0.5, 1.5, 3.5, 7.5]),
        (Patience(resend_s=0.5, heartbeat_s=3.0), [0.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]),
    ],
)
def test_what_is_lost_is_sent_again_after_the_wait_that_was_set(patience, times):
    alice = Link(A, 0.0, patience=patience)
    alice.send(b"x")
    sent = []
    for step in range(20):
        now = step / 2
        alice.hear(pack(State(B, A, 0, 64, 0)), now)
        sent += [now for _ in numbers(alice.packets(now)) if now < 9]
    assert sent == times


def test_versions_that_do_not_say_what_has_arrived_are_not_judged_by_it():
    alice = Link(A, 0.0)
    alice.hear(pack(State(B, A, 0, 64)), 0.0)
    alice.send(b"x")
    for now in range(200):
        alice.packets(now)
        alice.hear(pack(State(B, A, 0, 64)), now)
