"""One party's receiver on the live bench: detectors under a bias, and the tagger at the end of their cables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulation.bench.clocks import PartyClock
from drivers.emulation.bench.comparator import Comparator
from drivers.emulation.bench.detection import Gate, Times
from drivers.emulation.bench.live_diode import Diode, LiveDiode
from drivers.emulation.bench.live_parameters import Nanowire
from drivers.emulation.bench.parameters import DETECTOR_NAMES, Clock, Detector, Receiver
from drivers.emulation.bench.receiver import Merger
from drivers.emulation.bench.seeds import stream
from drivers.emulation.bench.timeline import BLOCK_PS, Timeline, begin_ps, begin_s, block_at
from drivers.emulation.seams import Clicks
from postproc.timetags.types import PICOSECONDS_PER_SECOND

#: Where the tagger triggers until it is told otherwise, as a share of the pulses' height.
_TRIGGER_SHARE = 0.5

#: A detector must not be asked for its counts in more blocks than this one by one.
_MOST_SAMPLES = 16


@dataclass(frozen=True)
class Bias:
    """What flows through the nanowires, which have latched, and what is an avalanche diode instead."""

    currents_ua: tuple[float, ...]
    latched: tuple[bool, ...]
    diodes: tuple[Diode | None, ...]


class LiveReceiver:
    """A party's detectors, at their nominal bias until told otherwise, and the inputs of its tagger.

    Parameters
    ----------
    receiver, nanowire, clock : Receiver, Nanowire, Clock
        What stands there; the clock is the tagger's.
    seed, party : int, str
        Key of the randomness.
    light : callable
        Gives each detector's registered photons in a block, for detectors as they are then.
    rates : callable
        Gives each detector's mean rate of registered photons in Hz likewise, for those who only count.
    gates : callable
        Give each detector's gate in a block.
    pulse_v : float
    blinded : callable
        Gives the share of a block in which somebody's light keeps the nanowires hot.
    """

    def __init__(
        self,
        receiver: Receiver,
        nanowire: Nanowire,
        clock: Clock,
        seed: int,
        party: str,
        light: Callable[[int, Receiver], Sequence[Times]],
        rates: Callable[[int, Receiver], Sequence[float]],
        gates: Callable[[int], Sequence[Gate]],
        pulse_v: float,
        blinded: Callable[[int], float] = lambda block: 0.0,
    ) -> None:
        self._blinded = blinded
        self._receiver, self._nanowire = receiver, nanowire
        self._clock = PartyClock(clock, seed, party)
        self._seed, self._party = seed, party
        self._light, self._rates, self._gates = light, rates, gates
        self.pulse_v = pulse_v
        self._comparator = Comparator(pulse_v)
        self._level_v = Timeline(_TRIGGER_SHARE * pulse_v)
        nominal = (nanowire.nominal_ua,) * self.count
        self._bias = Timeline(Bias(nominal, (False,) * self.count, (None,) * self.count))
        self._merger = Merger(receiver, seed, party)
        self._next_block = 0

    @property
    def count(self) -> int:
        """See :class:`~drivers.emulation.seams.DetectorSeam`."""
        return len(DETECTOR_NAMES)

    @property
    def nominal_bias_ua(self) -> float:
        """See :class:`~drivers.emulation.seams.DetectorSeam`."""
        return self._nanowire.nominal_ua

    def seams(self) -> dict[str, Any]:
        """Give what the receiver's instruments can be plugged into, by the kind of instrument.

        Where there is a list, each further instrument takes the next of it.
        """
        diodes = [LiveDiode(self.mount, self.counts, number) for number in range(self.count)]
        return {"detectors": self, "tagger": self, "detector": diodes}

    @property
    def latched(self) -> tuple[bool, ...]:
        """Which detectors have latched."""
        return self._bias.latest.latched

    def bias(self, now_s: float, currents_ua: Sequence[float]) -> None:
        """See :class:`~drivers.emulation.seams.DetectorSeam`."""
        wire = self._nanowire
        before = self._bias.latest.latched
        latched = tuple(
            current > wire.switching_ua or (was and current >= wire.return_ua)
            for current, was in zip(currents_ua, before, strict=True)
        )
        self._bias.set(now_s, replace(self._bias.latest, currents_ua=tuple(currents_ua), latched=latched))

    def resistances_kohm(self, now_s: float) -> tuple[float, ...]:
        """See :class:`~drivers.emulation.seams.DetectorSeam`: light that blinds a nanowire makes it draw voltage."""
        wire, hot = self._nanowire, self._blinded(block_at(now_s))
        return tuple(
            wire.line_kohm + wire.hot_kohm * (1.0 if latched else hot)
            for latched in self._bias.latest.latched
        )

    def latch(self, now_s: float, detector: int) -> None:
        """Make a detector latch, as a flash of light would."""
        bias = self._bias.latest
        latched = tuple(was or number == detector for number, was in enumerate(bias.latched))
        self._bias.set(now_s, replace(bias, latched=latched))

    def mount(self, now_s: float, number: int, diode: Diode) -> None:
        """Put an avalanche diode in the place of a detector, or set it otherwise."""
        diodes = list(self._bias.latest.diodes)
        diodes[number] = diode
        self._bias.set(now_s, replace(self._bias.latest, diodes=tuple(diodes)))

    def biased(self, block: int) -> Receiver:
        """Give the receiver as its bias makes it in a block."""
        bias = self._bias.at(block)
        four = zip(self._receiver.detectors, bias.currents_ua, bias.latched, bias.diodes, strict=True)
        detectors = tuple(
            self._biased(detector, 0.0 if latched else current) if diode is None else diode.biased(detector)
            for detector, current, latched, diode in four
        )
        return replace(self._receiver, detectors=detectors)  # type: ignore[arg-type]

    def trigger(self, now_s: float, level_v: float) -> None:
        """See :class:`~drivers.emulation.seams.TaggerSeam`."""
        self._level_v.set(now_s, level_v)

    def lose_reference(self, drift_ppm: float) -> None:
        """Let the tagger's clock run on from where it is, at another pace: its reference is gone, or is back."""
        self._clock.run_on(begin_ps(self._next_block) - self._merger.lag_ps, drift_ppm)

    @property
    def drift_ppm(self) -> float:
        """Pace of the tagger's clock."""
        return self._clock.drift_ppm

    def begin(self, now_s: float) -> None:
        """See :class:`~drivers.emulation.seams.TaggerSeam`.

        The block before is computed as well, for what lasts from there: dead time, late clicks.
        """
        self._merger = Merger(self._receiver, self._seed, self._party)
        self._next_block = max(block_at(now_s) - 1, 0)
        if block_at(now_s) > 0:
            self._compute()

    def clicks(self, now_s: float) -> Clicks:
        """See :class:`~drivers.emulation.seams.TaggerSeam`."""
        computed = [self._compute() for _ in range(self._next_block, block_at(now_s))]
        times = np.concatenate([each[0] for each in computed] + [np.empty(0, np.int64)])
        inputs = np.concatenate([each[1] for each in computed] + [np.empty(0, np.uint8)])
        until_ps = begin_ps(self._next_block) - self._merger.lag_ps
        return Clicks(self._clock.shown(times), inputs, self._clock.instant(until_ps))

    def next_s(self) -> float:
        """See :class:`~drivers.emulation.seams.TaggerSeam`."""
        return begin_s(self._next_block + 1)

    def counts(self, begin_s: float, end_s: float) -> tuple[int, ...]:
        """See :class:`~drivers.emulation.seams.DetectorSeam`: drawn from the rates, apart from any tags."""
        return self._draw("counts", self._click_rates, begin_s, end_s)

    def pulses(self, begin_s: float, end_s: float) -> tuple[int, ...]:
        """See :class:`~drivers.emulation.seams.TaggerSeam`: likewise."""
        return self._draw("pulses", self._pulse_rates, begin_s, end_s)

    def _draw(
        self, what: str, rates_of: Callable[[int], NDArray[np.float64]], begin_s: float, end_s: float
    ) -> tuple[int, ...]:
        # What was set just before has not come into effect in the block at hand.
        last = max(block_at(end_s) - 1, block_at(begin_s))
        first = min(block_at(begin_s) + 1, last)
        blocks = np.unique(np.linspace(first, last, _MOST_SAMPLES).astype(int)).tolist()
        rates = np.mean([rates_of(block) for block in blocks], axis=0)
        random = stream(self._seed, what, self._party, round(begin_s * 1e6), round(end_s * 1e6))
        return tuple(int(each) for each in random.poisson(rates * (end_s - begin_s)))

    def _pulse_rates(self, block: int) -> NDArray[np.float64]:
        """What crosses the tagger's threshold in a second."""
        level_v = self._level_v.at(block)
        rates: NDArray[np.float64] = self._click_rates(block) * self._comparator.share(level_v)
        return rates + self._comparator.noise(level_v)

    def _click_rates(self, block: int) -> NDArray[np.float64]:
        """Clicks a second, with dead time: each click blinds the detector to what comes meanwhile."""
        receiver = self.biased(block)
        seen = np.array(self._rates(block, receiver)) + [d.dark_count_rate_hz for d in receiver.detectors]
        dead_s = np.array([d.dead_time_ps for d in receiver.detectors]) / PICOSECONDS_PER_SECOND
        # Each click brings about others, which bring about others.
        seen /= 1 - np.array([d.afterpulse_probability for d in receiver.detectors])
        rates: NDArray[np.float64] = seen / (1 + seen * dead_s)
        return rates

    def _biased(self, detector: Detector, current_ua: float) -> Detector:
        efficiency, dark_hz = self._nanowire.biased(detector, current_ua)
        return replace(detector, efficiency=efficiency, dark_count_rate_hz=dark_hz)

    def _compute(self) -> tuple[Times, NDArray[np.uint8]]:
        block = self._next_block
        receiver = self.biased(block)
        for model, detector in zip(self._merger.models, receiver.detectors, strict=True):
            model.detector = detector
        light = self._light(block, receiver)
        begin = begin_ps(block)
        self._next_block += 1
        clicks = self._merger.clicks(block, light, begin, begin + BLOCK_PS, self._gates(block))
        # What comes out of the merger lies as much before the block's end as before its beginning.
        since_ps = begin - self._merger.lag_ps
        random = stream(self._seed, "pulse heights", self._party, block)
        return self._comparator.seen(self._level_v.at(block), *clicks, since_ps, since_ps + BLOCK_PS, random)
