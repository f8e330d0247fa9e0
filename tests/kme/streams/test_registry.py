"""Who has a stream open, for how long, and whose it is."""

from uuid import UUID, uuid4

import pytest

from qkdctl.kme.streams.registry import MOST_OPEN, InUse, Opening, Registry, Stream, TooMany

ONE = UUID(int=1)


class Line:
    alive = True


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def registry(clock):
    return Registry(lambda line: isinstance(line, Line) and line.alive, lambda: clock[0])


def opened(registry, sae="A", other="B", line=None, lasts_s=10.0, ksid=ONE, chunk=32):
    return registry.open(ksid, sae, other, chunk, lasts_s, Opening(connection=line))


def test_both_ends_meet_and_the_first_settles_the_length(registry):
    opened(registry, "A", "B", Line())
    stream = opened(registry, "B", "A", chunk=64)
    assert (set(stream.openings), stream.chunk_bytes, stream.pair) == ({"A", "B"}, 32, ("A", "B"))
    assert registry.find(ONE, "A") is registry.find(ONE, "B") is stream
    assert registry.find(ONE, "C") is None
    assert (stream.other("A"), stream.other("B")) == ("B", "A")


def test_an_id_is_one_pairs(registry):
    opened(registry)
    for sae, other in (("A", "C"), ("C", "B")):
        with pytest.raises(InUse):
            opened(registry, sae, other)


def test_an_end_is_on_one_connection_as_long_as_that_lasts(registry):
    first, second = Line(), Line()
    opened(registry, line=first)
    opened(registry, line=first)
    with pytest.raises(InUse):
        opened(registry, line=second)
    first.alive = False
    assert opened(registry, line=second)


def test_an_end_is_over_after_its_time(registry, clock):
    opened(registry, "A", "B", lasts_s=10.0)
    opened(registry, "B", "A", lasts_s=20.0)
    clock[0] = 10.0
    assert registry.find(ONE, "A") is None
    assert set(registry.find(ONE, "B").openings) == {"B"}
    clock[0] = 20.0
    assert registry.find(ONE, "B") is None
    assert opened(registry, "A", "C")


def test_an_end_is_closed_once(registry):
    opened(registry)
    assert registry.close(ONE, "A")
    assert not registry.close(ONE, "A")
    assert not registry.close(ONE, "B")


def test_nobody_opens_any_number(registry):
    for _ in range(MOST_OPEN):
        opened(registry, ksid=uuid4())
    with pytest.raises(TooMany):
        opened(registry, ksid=uuid4())
    assert opened(registry, "C", "D", ksid=uuid4())


def test_chunks_have_names_of_their_own():
    streams = [
        Stream(ksid, pair, 32)
        for ksid in (ONE, UUID(int=2))
        for pair in (("A", "B"), ("A", "BC"), ("AB", "C"))
    ]
    names = [stream.chunk_id(index) for stream in streams for index in (0, 1, 2**32 - 1)]
    assert len(set(names)) == len(names)
    assert all(str(UUID(name)) == name for name in names)
