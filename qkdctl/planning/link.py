"""A model of a decoy-state link: from its settings to the counts that a block can be expected to show.

Source: Lim et al., PRA 89, 022307 (2014), Sec. IV. Which clicks start an event is that of
:func:`postproc.sifting.events.events`, for light that comes at random. It plans; no key is ever made with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp, prod

import numpy as np

from postproc.estimation import Leak, Statistics
from postproc.estimation.entropy import entropy_bound
from postproc.parameters.session import DecoyBb84
from postproc.parameters.stages import Reconciliation
from postproc.protocols.party import charges_both_directions
from postproc.reconciliation.choice import choose
from postproc.sifting.events import hold_off
from qkdctl.config.emulation import DecoyEmulation
from qkdctl.errors import ConfigurationError

TAG_BITS = 128

ROUNDS = 30
"""After so many, nothing of the afterpulses' afterpulses is missing."""

ALL = 1 - 1e-9
"""Share of the key basis where the test needs next to nothing."""

MARGIN = 1.1
"""Over what error correction was measured to be charged: blocks may be shorter than those, and frames need more."""


@dataclass(frozen=True)
class Settings:
    """What can be chosen before the run.

    Attributes
    ----------
    means, probabilities : tuple of float
        Of the intensities, brightest first.
    key_basis_probability : float
        At Alice.
    n_slots : int
        Length of a block.
    bob_key_basis_probability : float or None
        At Bob; None where it is that of Alice.
    """

    means: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis_probability: float
    n_slots: int
    bob_key_basis_probability: float | None = None

    @property
    def bob_bases(self) -> tuple[float, float]:
        """How often Bob measures in the key basis, and in the test basis."""
        key = self.bob_key_basis_probability
        key = self.key_basis_probability if key is None else key
        return key, 1 - key


@dataclass(frozen=True)
class LinkModel:
    """What cannot.

    Attributes
    ----------
    slot_hz : float
    transmission : float
        From Alice's output to a click, detectors included.
    dark_probability : float
        Of a dark count inside a gate, for each detector.
    misalignment_error : float
    gate_s : float
    hold_off_s : float
        How long no event starts after a click of any detector.
    dead_s : tuple of float
        How long a click blinds its own detector: two of the key basis, two of the test basis.
    afterpulse_probability : float
        Of a click; afterpulses come at any time and have random outcomes, as dark counts do.
    passive : bool
        Whether a beam splitter chooses Bob's basis.
    test_share : float
        How much of the light in the test basis falls into gates: of time-bins, the middle one of three peaks.
    correction : Reconciliation
        How errors are corrected.
    both_directions : bool
        Whether what Bob tells for that is charged, too.
    """

    slot_hz: float
    transmission: float
    dark_probability: float
    misalignment_error: float
    gate_s: float
    hold_off_s: float
    dead_s: tuple[float, ...]
    afterpulse_probability: float
    passive: bool
    test_share: float
    correction: Reconciliation
    both_directions: bool

    @classmethod
    def of(cls, parameters: DecoyBb84, emulation: DecoyEmulation, loss_db: float | None = None) -> LinkModel:
        """Read it off a scenario, perhaps with another channel.

        Raises
        ------
        ConfigurationError
            If the scenario's channel has no one loss, and no other is given.
        """
        if emulation.satellite is not None and loss_db is None:
            raise ConfigurationError(
                "the scenario's link is that of a satellite, whose loss changes along the pass, and a plan is made for "
                "one loss; expected it to be given, as with --loss-db 30 (channel_loss_db of a modelled link)"
            )
        detectors = emulation.bob.detectors
        efficiency = sum(detector.efficiency for detector in detectors) / len(detectors)
        dark_hz = sum(detector.dark_count_rate_hz for detector in detectors) / len(detectors)
        loss = emulation.channel_loss_db if loss_db is None else loss_db
        return cls(
            slot_hz=parameters.slot_hz,
            transmission=float(10 ** (-loss / 10)) * efficiency,
            dark_probability=dark_hz * parameters.gate_ps * 1e-12,
            misalignment_error=emulation.misalignment_error,
            gate_s=parameters.gate_ps * 1e-12,
            hold_off_s=hold_off(parameters.bob) * 1e-12,
            dead_s=tuple(detector.dead_time_ps * 1e-12 for detector in detectors),
            afterpulse_probability=sum(each.afterpulse_probability for each in detectors) / len(detectors),
            passive=emulation.bob.basis_choice == "passive",
            test_share=0.5 if emulation.encoding.kind == "time-bin" else 1.0,
            correction=parameters.reconciliation,
            both_directions=charges_both_directions(parameters.security.waived, parameters.reconciliation),
        )

    def click(self, mean: float) -> float:
        """Probability that a pulse makes a click in the basis that it is measured in."""
        return 1 - (1 - 2 * self.dark_probability) * exp(-self.transmission * mean)

    def error(self, mean: float) -> float:
        """Probability that it makes a wrong one."""
        return self.dark_probability + self.misalignment_error * (1 - exp(-self.transmission * mean))

    def rates_hz(self, settings: Settings) -> tuple[float, float]:
        """Give what each detector in the key basis and in the test basis would click at, if it were never dead."""
        first = self._without_afterpulses_hz(settings)
        key, test = map(self._with_afterpulses_hz, first, (self.dead_s[:2], self.dead_s[2:]))
        return key, test

    def _without_afterpulses_hz(self, settings: Settings) -> tuple[float, float]:
        pairs = zip(settings.means, settings.probabilities, strict=True)
        lit = sum(p * (1 - exp(-self.transmission * mean)) for mean, p in pairs)
        key, test = (self.slot_hz * share * lit / 2 for share in settings.bob_bases)
        dark_hz = self.dark_probability / self.gate_s
        return key + dark_hz, test + dark_hz

    def _with_afterpulses_hz(self, first_hz: float, dead_s: tuple[float, ...]) -> float:
        """Only what clicks brings about more; each round halves what is missing, as the probability does at least."""
        rate_hz, mean_s = first_hz, sum(dead_s) / len(dead_s)
        for _ in range(ROUNDS if self.afterpulse_probability else 0):
            rate_hz = first_hz + self.afterpulse_probability * rate_hz / (1 + rate_hz * mean_s)
        return rate_hz

    def live(self, settings: Settings) -> tuple[float, float]:
        """Share of those clicks that start an event, in the key basis and in the test basis."""
        key, test = self.rates_hz(settings)
        detectors = list(zip((key, key, test, test), self.dead_s, strict=True))
        shares = [self._starts(own, detectors) for own in range(len(detectors))]
        return (shares[0] + shares[1]) / 2, (shares[2] + shares[3]) / 2

    def _starts(self, own: int, detectors: list[tuple[float, float]]) -> float:
        """Share of a detector's clicks that find it awake, and all detectors silent for the hold-off before."""
        rate_hz, dead_s = detectors[own]
        awake = exp(-rate_hz * max(self.hold_off_s - dead_s, 0.0)) / (1 + rate_hz * dead_s)
        others = detectors[:own] + detectors[own + 1 :]
        return awake * prod(_silent(*other, self.hold_off_s) for other in others)

    def statistics(self, settings: Settings) -> Statistics:
        """Give the counts to be expected of a block, rounded."""
        alice, bob = settings.key_basis_probability, settings.bob_bases[0]
        live, seen = self.live(settings), self._in_gates(settings)
        key, key_errors = seen[0]._counts(settings, alice * bob * live[0])
        test, test_errors = seen[1]._counts(settings, (1 - alice) * (1 - bob) * live[1])
        return Statistics(key, test, test_errors, key_errors)

    def _in_gates(self, settings: Settings) -> tuple[LinkModel, LinkModel]:
        """The same link for each basis: with what light falls into its gates, and afterpulses as dark counts there.

        Behind a beam splitter, detectors are dark in all slots; they are counted by those in which light comes to them.
        """
        counted = settings.bob_bases if self.passive else (1.0, 1.0)
        shares = (1.0, self.test_share)
        afterpulses = np.subtract(self.rates_hz(settings), self._without_afterpulses_hz(settings))
        dark = ((self.dark_probability + self.gate_s * afterpulses) / counted).tolist()
        key, test = (
            replace(self, transmission=share * self.transmission, dark_probability=each)
            for share, each in zip(shares, dark, strict=True)
        )
        return key, test

    def _counts(self, settings: Settings, share: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Clicks and wrong clicks by intensity, of a share of the slots."""
        pairs = list(zip(settings.means, settings.probabilities, strict=True))
        slots = share * settings.n_slots
        clicks = tuple(round(slots * p * self.click(mean)) for mean, p in pairs)
        return clicks, tuple(round(slots * p * self.error(mean)) for mean, p in pairs)

    def leak(self, statistics: Statistics, n_slots: int) -> Leak:
        """Give the leak to plan with for a block of so many slots."""
        bits, errors = sum(statistics.key), sum(statistics.key_errors or ())
        share = self.charged(errors / bits, bits / n_slots) if bits else 0.0
        told = sum(count.bit_length() for count in statistics.key)
        return Leak(ceil(bits * share), TAG_BITS, told)

    def charged(self, qber: float, bits_per_slot: float) -> float:
        """Give what a sifted bit is charged for error correction, in bits, by the way that the session takes."""
        asked = self.correction
        way = choose(
            qber,
            bits_per_s=bits_per_slot * self.slot_hz,
            round_trip_s=asked.round_trip_ms / 1e3,
            charge_both_directions=self.both_directions,
            method=None if asked.method == "auto" else asked.method,
            profile=None if asked.profile == "auto" else asked.profile,
        )
        return MARGIN * way.charged(qber, both_directions=self.both_directions)

    def asymptotic_rate(self) -> float:
        """Most secret bits a slot of a block without end: any number of decoys, all of it key, the best mean."""
        return max(self._asymptotic_rate(step / 50) for step in range(1, 76))

    def _asymptotic_rate(self, mean: float) -> float:
        bright = Settings((mean,), (1.0,), ALL, 1)
        seen, _ = self._in_gates(bright)
        dark, eta = 2 * seen.dark_probability, seen.transmission
        single = 1 - (1 - dark) * (1 - eta)
        wrong = (seen.dark_probability + self.misalignment_error * eta) / single
        secret = exp(-mean) * (dark + mean * single * (1 - entropy_bound(wrong)))
        click = seen.click(mean)
        leak = click * self.charged(seen.error(mean) / click, click)
        return max(self.live(bright)[0] * (secret - leak), 0.0)


def _silent(rate_hz: float, dead_s: float, span_s: float) -> float:
    """Probability that a detector makes no click in a span that begins at any time: a renewal process."""
    if span_s <= dead_s:
        return 1 - span_s * rate_hz / (1 + rate_hz * dead_s)
    return exp(-rate_hz * (span_s - dead_s)) / (1 + rate_hz * dead_s)
