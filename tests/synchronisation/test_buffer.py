import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from postproc.synchronisation.buffer import Span, StateBuffer, TagBuffer
from postproc.timetags.types import StateChunk, TagChunk

spans = st.tuples(st.integers(-60, 60), st.integers(0, 60)).map(lambda s: Span(s[0], s[0] + s[1]))


@st.composite
def tag_chunks(draw):
    edges = sorted(draw(st.sets(st.integers(-50, 50), min_size=2, max_size=8)))
    times = np.array(sorted(draw(st.lists(st.integers(edges[0], edges[-1] - 1), max_size=30))), np.int64)
    channels = np.arange(len(times)).astype(np.uint8)
    cuts = np.searchsorted(times, edges)
    return [
        TagChunk(edges[i], edges[i + 1], times[cuts[i] : cuts[i + 1]], channels[cuts[i] : cuts[i + 1]])
        for i in range(len(edges) - 1)
    ]


@given(tag_chunks(), spans, st.integers(0, 60))
def test_a_span_of_tags_is_what_lies_in_it_even_after_earlier_ones_are_forgotten(chunks, span, before):
    buffer = TagBuffer()
    for chunk in chunks:
        buffer.add(chunk)
    buffer.forget(span.start - before)
    cut = buffer.cut(span)
    whole = [(t, c) for chunk in chunks for t, c in zip(chunk.time_ps, chunk.channel, strict=True)]
    expected = [(t, c) for t, c in whole if span.start <= t < span.stop]
    assert list(zip(cut.time_ps, cut.channel, strict=True)) == expected


@given(st.integers(0, 20), st.lists(st.integers(0, 9), min_size=1, max_size=6), spans, st.integers(0, 60))
def test_a_span_of_states_is_what_lies_in_it(first, sizes, span, before):
    buffer, slots = StateBuffer(), []
    for size in sizes:
        start = first + len(slots)
        buffer.add(StateChunk(start, (np.arange(start, start + size) % 16).astype(np.uint8)))
        slots += range(start, start + size)
    buffer.forget(span.start - before)
    assert buffer.cut(span).tolist() == [slot % 16 for slot in slots if span.start <= slot < span.stop]


@given(tag_chunks())
def test_it_covers_what_its_chunks_speak_for_and_everything_at_the_end(chunks):
    buffer = TagBuffer()
    assert not buffer.covers(-(10**18))
    assert buffer.start is None
    for chunk in chunks:
        buffer.add(chunk)
        assert buffer.covers(chunk.stop_ps)
        assert not buffer.covers(chunk.stop_ps + 1)
    assert buffer.start == chunks[0].start_ps
    buffer.ended = True
    assert buffer.covers(10**18)
    assert buffer.drain() == chunks
    assert buffer.start is None
