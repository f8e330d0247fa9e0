"""Word for word what a TDC1 is told, after its vendor's library."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.codecs import tdc1_words as codec
from drivers.errors import BadAnswer, InstrumentError, NoAnswer
from drivers.identity import Identity
from drivers.time_taggers.s15_tdc1 import Tdc1
from drivers.time_taggers.tdc1_stream import NEEDED
from tests.drivers.dialogue import talking

HELLO = ((b"\r\nabort\r\n", b""), (b"*IDN?\r\n", b"TDC1 Time-to-Digital Converter\r\n"))
START = ((b"*IDN?\r\n", b"TDC1\r\n"), (b"INPKT;time 0;timestamp;counts?;\r\n", b""))
STOP = (b"\r\nabort\r\n", b"")


def words(n: int) -> bytes:
    return codec.words_of(np.arange(n) * 1000, np.ones(n, np.uint8)).tobytes()


def test_what_runs_already_is_ended_first() -> None:
    with talking(Tdc1, (b"\r\nabort\r\n", b"\x01\x02\x03\x04rest"), *HELLO[1:]) as tagger:
        assert tagger.identity() == Identity("S-Fifteen Instruments", "TDC1")


@pytest.mark.parametrize(("volts", "sent"), [(1.0, b"POS 1\r\n"), (-0.6, b"NEG -0.6\r\n")])
def test_a_threshold_has_the_sign_of_the_pulses(volts: float, sent: bytes) -> None:
    with talking(Tdc1, *HELLO, (sent, b""), (b"LEVEL?\r\n", f"{volts:.3f} V\r\n".encode())) as tagger:
        tagger.threshold_v = volts


def test_a_long_time_comes_back_negative() -> None:
    with talking(Tdc1, *HELLO, (b"time 65535\r\n", b""), (b"time?\r\n", b"-1\r\n")) as tagger:
        tagger.integration_time_ms = 65535


@pytest.mark.parametrize(("name", "number"), [("automatic", 0), ("external", 1), ("internal", 2)])
def test_a_clock_is_chosen_by_name(name: str, number: int) -> None:
    turns = (b"REFCLK %d\r\n" % number, b""), (b"REFCLK?\r\n", b"%d\r\n" % number)
    with talking(Tdc1, *HELLO, *turns) as tagger:
        tagger.clock = name


def test_counts_become_rates() -> None:
    turns = (
        (b"time 500\r\n", b""), (b"time?\r\n", b"500\r\n"), (b"singles;counts?\r\n", b"10 20 0 5\r\n"),
    )  # fmt: skip
    with talking(Tdc1, *HELLO, *turns) as tagger:
        assert tagger.count_rates_hz(0.5) == (20.0, 40.0, 0.0, 10.0)


def test_a_recording_is_begun_read_and_ended() -> None:
    with talking(Tdc1, *HELLO, *START, (None, words(NEEDED)), STOP) as tagger:
        tagger.start()
        chunk = tagger.read(1.0)
        assert np.array_equal(chunk.time_ps, np.arange(len(chunk)) * 2_000_000)
        assert chunk.stop_ps == len(chunk) * 2_000_000
        tagger.stop()


def test_while_it_records_nothing_else_can_be_asked() -> None:
    with talking(Tdc1, *HELLO, *START) as tagger:
        tagger.start()
        with pytest.raises(InstrumentError, match="has to wait until the recording is stopped"):
            _ = tagger.threshold_v


def test_a_silent_stream_ends_the_recording() -> None:
    with talking(Tdc1, *HELLO, *START) as tagger:
        tagger.start()
        with pytest.raises(NoAnswer, match=r"^bench.thing: the stream of events has stopped"):
            tagger.read(0.5)
        with pytest.raises(InstrumentError, match="no recording runs; start one first"):
            tagger.read(0.5)


def test_text_in_the_stream_is_no_events() -> None:
    with talking(Tdc1, *HELLO, *START, (None, b"\0" * 2**17)) as tagger:
        tagger.start()
        with pytest.raises(BadAnswer, match=r"sends no events .* are no event words"):
            tagger.read(0.5)


def test_another_instrument_is_refused() -> None:
    with (
        pytest.raises(BadAnswer, match="this driver is for a TDC1; check the address"),
        talking(Tdc1, HELLO[0], (b"*IDN?\r\n", b"SPD\r\n")),
    ):
        pass


def test_an_external_clock_that_is_missing_has_a_remedy() -> None:
    turns = (b"ECLOCK?\r\n", b"0\r\n"), (b"LEVEL?\r\n", b"1.0 V\r\n"), (b"REFCLK?\r\n", b"0\r\n")
    with talking(Tdc1, *HELLO, *turns) as tagger:
        threshold, clock = tagger.self_test()
        assert threshold.good
        assert not clock.good
        assert "connect a 10 MHz reference" in clock.remedy
