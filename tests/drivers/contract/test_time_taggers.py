"""What a time tagger does."""

from __future__ import annotations

from itertools import pairwise

import pytest

from drivers.errors import DriverError
from drivers.roles import TimeTagger
from postproc.timetags.types import TagChunk
from tests.drivers.contract.conftest import Subject

ROLE = "time_taggers"


@pytest.fixture
def tagger(subject: Subject) -> TimeTagger:
    assert isinstance(subject.instrument, TimeTagger)
    threshold = getattr(type(subject.instrument), "threshold_v", None)
    if subject.stand is not None and threshold is not None:
        subject.instrument.threshold_v = 1.0 if threshold.high >= 1 else -0.1
    return subject.instrument


def record(tagger: TimeTagger, span_ps: int) -> list[TagChunk]:
    chunks = [tagger.read(60.0)]
    while chunks[-1].stop_ps < span_ps:
        chunks.append(tagger.read(60.0))
    return chunks


def test_spans_join_from_zero_and_hold_their_tags_in_order(tagger: TimeTagger) -> None:
    tagger.start()
    chunks = record(tagger, 200_000_000_000)
    tagger.stop()
    assert chunks[0].start_ps == 0
    for chunk, following in pairwise(chunks):
        assert chunk.stop_ps == following.start_ps
    for chunk in chunks:
        assert ((chunk.time_ps >= chunk.start_ps) & (chunk.time_ps < chunk.stop_ps)).all()
        assert (chunk.time_ps[1:] >= chunk.time_ps[:-1]).all()
        assert set(chunk.channel.tolist()) <= set(tagger.channels)


def test_a_recording_can_be_had_again(tagger: TimeTagger) -> None:
    for _ in range(3):
        tagger.start()
        assert record(tagger, 50_000_000_000)[0].start_ps == 0
        tagger.stop()


def test_two_recordings_at_once_cannot(tagger: TimeTagger, subject: Subject) -> None:
    tagger.start()
    with pytest.raises(DriverError, match=f"^{subject.name}: "):
        tagger.start()
    tagger.stop()


def test_nothing_can_be_read_without_a_recording(tagger: TimeTagger, subject: Subject) -> None:
    with pytest.raises(DriverError, match=f"^{subject.name}: .*start"):
        tagger.read(0.1)
    tagger.stop()
    tagger.stop()


def test_it_counts_and_records_the_same(tagger: TimeTagger, subject: Subject) -> None:
    """The emulated ones count in the dark: four detectors of 200 a second."""
    rates = tagger.count_rates_hz(0.5)
    assert len(rates) == len(tagger.channels)
    if subject.stand is None:
        return
    tagger.start()
    chunks = record(tagger, 500_000_000_000)
    tagger.stop()
    recorded = sum(len(chunk) for chunk in chunks) / (chunks[-1].stop_ps / 1e12)
    assert sum(rates) == pytest.approx(800, rel=0.3)
    assert recorded == pytest.approx(800, rel=0.3)


def test_it_answers_after_a_recording(tagger: TimeTagger, subject: Subject) -> None:
    tagger.start()
    record(tagger, 50_000_000_000)
    tagger.stop()
    assert subject.instrument.self_test()
