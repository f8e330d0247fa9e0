"""How fast: that nothing gets lost on the way, how much of a core it takes, how long an answer takes.

``pytest -s -m campaign tests/drivers/test_throughput.py`` streams for longer, and prints the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.configuration import Parties
from drivers.registry import Addresses, open_instrument
from drivers.roles import TimeTagger
from tests.drivers.stands import Stand, in_mind, on_rack, whole_link

ROOT = Path(__file__).parents[2]
RATES = [("s15-tdc1", 5e6), ("idq-id900", 10e6)]
S = 1e12


@contextmanager
def hosted(driver: str, rate_hz: float) -> Iterator[tuple[Addresses, int]]:
    """Host a tagger in a process of its own; gives its address and the process."""
    command = [sys.executable, "-m", "tests.drivers.steady", driver, str(rate_hz)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline()), process.pid
        assert process.stdin is not None
        process.stdin.close()


def cpu_s(process: int) -> float:
    """Time that a process has computed, from Linux' ``/proc``."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stream(driver: str, rate_hz: float, duration_s: float) -> tuple[list[float], float]:
    """Record so long; give the shares of a core that driver and emulator took, and how far they came to be behind.

    On a busy machine it may take longer, and nothing may get lost all the same.
    """
    with (
        hosted(driver, rate_hz) as (address, emulator),
        open_instrument("bob.tagger", driver, address, {"threshold_v": 1.0}) as tagger,
    ):
        assert isinstance(tagger, TimeTagger)
        tagger.start()
        began_s, began = time.monotonic(), (cpu_s(os.getpid()), cpu_s(emulator))
        tags, stop_ps, gaps = 0, 0, []
        while stop_ps < duration_s * S:
            chunk = tagger.read(60.0)
            tags, stop_ps = tags + len(chunk), chunk.stop_ps
            gaps += [gap for gap in chunk.gaps if gap.reason != "restart"]
        behind_s = time.monotonic() - began_s - stop_ps / S
        shares = [
            (cpu_s(process) - before) / (stop_ps / S)
            for process, before in zip((os.getpid(), emulator), began, strict=True)
        ]
        tagger.stop()
    print(
        f"\n{driver}: {tags / stop_ps * S / 1e6:.2f} M tags/s, {behind_s:.2f} s behind; of a core the driver takes "
        f"{shares[0]:.0%}, the emulator {shares[1]:.0%}"
    )
    assert gaps == []
    assert tags == pytest.approx(rate_hz * stop_ps / S, rel=1e-3)
    return shares, behind_s


@pytest.mark.parametrize(("driver", "rate_hz"), RATES)
def test_a_tagger_streams_without_loss(driver: str, rate_hz: float) -> None:
    stream(driver, rate_hz, 0.6)


@pytest.mark.campaign
@pytest.mark.parametrize(("driver", "rate_hz"), RATES)
def test_a_tagger_streams_for_long_without_loss(driver: str, rate_hz: float) -> None:
    shares, behind_s = stream(driver, rate_hz, 20.0)
    if os.getloadavg()[0] < 1.0:
        assert max(shares) < 1.0
        assert behind_s < 1.0


def rack_of_ten() -> Parties:
    parties = whole_link()
    more = {f"meter{n}": parties["alice"]["power_meter"] for n in range(3)}
    return {**parties, "alice": {**parties["alice"], **more}}


def median_s(ask: Callable[[str], str], times: int) -> float:
    """Of a question and its answer; the best of three, for others may be at work here too."""

    def once() -> float:
        began_s = time.perf_counter()
        ask(":OUTP?")
        return time.perf_counter() - began_s

    return min(sorted(once() for _ in range(times))[times // 2] for _ in range(3))


def round_trip_s(stand: Stand) -> float:
    with stand.open("alice.attenuator") as attenuator:
        device: Any = attenuator
        return median_s(device.ask, 300)


def test_a_rack_of_ten_is_up_and_answers() -> None:
    with on_rack(rack_of_ten()) as stand:
        assert len(stand.addresses) == 10
        with stand.open("alice.attenuator") as attenuator:
            device: Any = attenuator
            assert device.ask(":OUTP?") == "1"


@pytest.mark.campaign
def test_a_rack_of_ten_is_up_soon_and_answers_at_once() -> None:
    began_s = time.monotonic()
    with on_rack(rack_of_ten()) as stand:
        up_s = time.monotonic() - began_s
        assert len(stand.addresses) == 10
        sockets_s = round_trip_s(stand)
    memory_s = round_trip_s(in_mind(rack_of_ten()))
    print(
        f"\nup in {up_s:.3f} s; an answer takes {sockets_s * 1e6:.0f} us on TCP, {memory_s * 1e6:.1f} us in memory"
    )
    assert up_s < 2.0
    assert sockets_s < 1e-3
    assert memory_s < 20e-6
