"""What stands on the bench, in numbers: frozen, with units in the names and bounds in the types.

The bounds are those of :mod:`annotated_types`; whatever reads a configuration checks them. Defaults of a
detector are those of a superconducting nanowire (arXiv:1611.02726, arXiv:1710.06740).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isclose
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Interval, Len

from postproc.timetags.convert import ClockChange

Probability = Annotated[float, Interval(ge=0, le=1)]
ErrorRate = Annotated[float, Interval(ge=0, le=0.5)]
NonNegative = Annotated[float, Ge(0)]
Positive = Annotated[float, Gt(0)]

#: Logical channels of a party, in order. The first half measures the key basis.
DETECTOR_NAMES = ("key0", "key1", "test0", "test1")


class _Strict:
    """Whoever validates outside input against these classes refuses unknown keys and infinities."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class Detector(_Strict):
    """A single-photon detector with its cable.

    Attributes
    ----------
    efficiency : float
        Probability that a photon makes a click.
    dark_count_rate_hz : float
        Clicks without a photon, a Poisson process.
    jitter_rms_ps : float
        Standard deviation of the Gaussian time of response, the pulse's length included.
    dead_time_ps : int
        After a click nothing is seen for so long; what arrives meanwhile does not prolong it.
    delay_ps : int
        Electrical delay, which shifts all clicks of this detector alike.
    echo_probability, echo_delay_ps : float, int
        Share of clicks that the electronics repeats so much later, dead time or not.
    recovery_ps : float
        After the dead time the efficiency comes back as ``1 - exp(-t / recovery_ps)``, as a nanowire's does.
    afterpulse_probability : float
        Of a click: that a trapped carrier makes another one, after the dead time.
    afterpulse_exponent, afterpulse_from_ps, afterpulse_to_ps : float, int, int
        Density of its delay: a power law between two times, or from the dead time on if that is longer (G. Humer et
        al., J. Lightwave Technol. 33, 3098 (2015), arXiv:1411.0653).
    """

    efficiency: Probability = 0.85
    dark_count_rate_hz: NonNegative = 100.0
    jitter_rms_ps: NonNegative = 11.0
    dead_time_ps: Annotated[int, Ge(0)] = 30_000
    delay_ps: int = 0
    echo_probability: Probability = 0.0
    echo_delay_ps: Annotated[int, Gt(0)] = 16_000
    recovery_ps: NonNegative = 0.0
    afterpulse_probability: Annotated[float, Interval(ge=0, le=0.5)] = 0.0
    afterpulse_exponent: Annotated[float, Interval(ge=0, le=4)] = 1.2
    afterpulse_from_ps: Annotated[int, Gt(0)] = 300_000
    afterpulse_to_ps: Annotated[int, Interval(gt=0, le=10**10)] = 10**9


@dataclass(frozen=True, kw_only=True)
class Receiver(_Strict):
    """A receiver: a detector waits behind each outcome of each basis.

    Attributes
    ----------
    key_basis_probability : float
        How often a photon is measured in the key basis.
    basis_choice : {"passive", "active"}
        Who chooses the basis. Passive: a beam splitter, for each photon alone. Active: a fast switch that
        private random bits drive; it sends all of a slot's light to one basis and closes the gates of the
        other basis's detectors.
    switch_period_ps : int
        How long an active switch stays, where there are no slots to go by (BBM92).
    detectors : tuple of Detector
        In the order of `DETECTOR_NAMES`.
    """

    key_basis_probability: Probability = 0.5
    basis_choice: Literal["passive", "active"] = "passive"
    switch_period_ps: Annotated[int, Gt(0)] = 10_000
    detectors: tuple[Detector, Detector, Detector, Detector] = (
        Detector(),
        Detector(),
        Detector(),
        Detector(),
    )

    def shares(self) -> tuple[tuple[float, float], ...]:
        """How much of the light goes to the key basis and how much to the test basis.

        Returns
        -------
        tuple
            One entry for a beam splitter; one for each position of a switch.
        """
        if self.basis_choice == "active":
            return (1.0, 0.0), (0.0, 1.0)
        return ((self.key_basis_probability, 1 - self.key_basis_probability),)

    def positions(self) -> tuple[float, ...]:
        """How often each entry of `shares` applies."""
        if self.basis_choice == "active":
            return self.key_basis_probability, 1 - self.key_basis_probability
        return (1.0,)


@dataclass(frozen=True, kw_only=True)
class Clock(_Strict):
    """A party's clock: it shows ``(1 + drift_ppm * 1e-6) * t + offset_ps`` at bench time `t`, and wanders.

    Attributes
    ----------
    offset_ps : int
    drift_ppm : float
    wander_ppb_per_root_s : float
        Its rate does a random walk: standard deviation of what it has gained after a second.
    """

    offset_ps: int = 0
    drift_ppm: float = 0.0
    wander_ppb_per_root_s: NonNegative = 0.0

    @property
    def change(self) -> ClockChange:
        """From bench time to what the clock shows, its wander left out."""
        return ClockChange.of(stretch_ppm=self.drift_ppm, shift_ps=self.offset_ps)


TRUE_CLOCK = Clock()


@dataclass(frozen=True, kw_only=True)
class DecoySource(_Strict):
    """Alice's transmitter: phase-randomised weak coherent pulses in one of four states.

    Attributes
    ----------
    slot_rate_hz : float
        Pulses in a second.
    intensities : tuple of float
        Mean photon numbers, brightest first.
    intensity_probabilities : tuple of float
        How often each is sent.
    key_basis_probability : float
        How often the key basis is sent.
    """

    slot_rate_hz: Positive
    intensities: Annotated[tuple[NonNegative, ...], Len(1, 4)]
    intensity_probabilities: Annotated[tuple[Probability, ...], Len(1, 4)]
    key_basis_probability: Probability

    def __post_init__(self) -> None:
        if len(self.intensities) != len(self.intensity_probabilities):
            raise ValueError("each intensity needs its probability, and the other way round")
        if any(
            later >= earlier for earlier, later in zip(self.intensities, self.intensities[1:], strict=False)
        ):
            raise ValueError(f"intensities must descend, brightest first, got {self.intensities}")
        if not isclose(sum(self.intensity_probabilities), 1, abs_tol=1e-9):
            raise ValueError(
                f"the intensities' probabilities sum to {sum(self.intensity_probabilities)}, not 1"
            )

    @property
    def slot_period_ps(self) -> Fraction:
        """Time from one slot to the next."""
        return 10**12 / Fraction(str(self.slot_rate_hz))


@dataclass(frozen=True, kw_only=True)
class Eve(_Strict):
    """Somebody on the line between Alice and Bob. Each strength is the share of the pulses that she attacks.

    Attributes
    ----------
    intercept_resend : float
        She measures them in a basis drawn like Bob's and sends on what she found.
    photon_number_splitting : float
        Of several photons she keeps one; single ones she stops, as many as Bob will not miss.
    blinding : float
        Whole stretches of pulses: she blinds Bob's detectors with light, measures in his place, and makes the
        detector of her result click.
    time_shift : float
        She sends them `shift_ps` early or late, when the detectors of one bit see worse by `shift_contrast`.
    shift_ps : int
    shift_contrast : float

    Raises
    ------
    ValueError
        If the strengths add to more than all pulses.
    """

    intercept_resend: Probability = 0.0
    photon_number_splitting: Probability = 0.0
    blinding: Probability = 0.0
    time_shift: Probability = 0.0
    shift_ps: Annotated[int, Interval(ge=0, le=10**6)] = 300
    shift_contrast: Probability = 0.6

    def __post_init__(self) -> None:
        if sum(self.strengths) > 1 + 1e-9:
            raise ValueError(f"Eve's strengths add to {sum(self.strengths):g}, and there are no more pulses")

    @property
    def strengths(self) -> tuple[float, float, float, float]:
        """Share of the pulses that each attack takes, in the order of the fields."""
        return self.intercept_resend, self.photon_number_splitting, self.blinding, self.time_shift


@dataclass(frozen=True, kw_only=True)
class PairParty(_Strict):
    """One end of an entanglement-based link.

    Attributes
    ----------
    receiver : Receiver
        Its detectors.
    loss_db : float
        From the source to the beam splitter.
    clock : Clock
        With the time of flight in its offset.
    """

    receiver: Receiver
    loss_db: NonNegative = 0.0
    clock: Clock = TRUE_CLOCK


@dataclass(frozen=True, kw_only=True)
class Bbm92Scene(_Strict):
    """BBM92: a continuously pumped source of photon pairs between two parties.

    Attributes
    ----------
    pair_rate_hz : float
        Pairs made in a second, a Poisson process.
    duration_s : float
        How long both parties record.
    key_error, test_error : float
        Probability that both measure this basis and find different bits.
    alice, bob : PairParty
        The two ends.
    """

    pair_rate_hz: NonNegative
    duration_s: Positive
    key_error: ErrorRate
    test_error: ErrorRate
    alice: PairParty
    bob: PairParty


def transmission(loss_db: float) -> float:
    """Share of the light that a loss leaves."""
    return float(10 ** (-loss_db / 10))
