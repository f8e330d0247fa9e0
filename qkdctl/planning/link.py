"""A model of a decoy-state link: from its settings to the counts that a block can be expected to show.

Source: Lim et al., PRA 89, 022307 (2014), Sec. IV; dead time as in Rusca et al., APL 112, 171104 (2018),
App. B. It plans; no key is ever made with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp

from postproc.estimation import Leak, Statistics
from postproc.estimation.entropy import entropy_bound
from postproc.parameters.session import DecoyBb84
from postproc.parameters.stages import Reconciliation
from postproc.protocols.party import charges_both_directions
from postproc.reconciliation.choice import choose
from qkdctl.config.emulation import DecoyEmulation

TAG_BITS = 128

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
        At both parties.
    n_slots : int
        Length of a block.
    """

    means: tuple[float, ...]
    probabilities: tuple[float, ...]
    key_basis_probability: float
    n_slots: int


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
    dead_s : float
        How long a click blinds the receiver.
    correction : Reconciliation
        How errors are corrected.
    both_directions : bool
        Whether what Bob tells for that is charged, too.
    """

    slot_hz: float
    transmission: float
    dark_probability: float
    misalignment_error: float
    dead_s: float
    correction: Reconciliation
    both_directions: bool

    @classmethod
    def of(cls, parameters: DecoyBb84, emulation: DecoyEmulation, loss_db: float | None = None) -> LinkModel:
        """Read it off a scenario, perhaps with another channel."""
        detectors = emulation.bob.detectors
        efficiency = sum(detector.efficiency for detector in detectors) / len(detectors)
        dark_hz = sum(detector.dark_count_rate_hz for detector in detectors) / len(detectors)
        loss = emulation.channel_loss_db if loss_db is None else loss_db
        return cls(
            slot_hz=parameters.slot_hz,
            transmission=float(10 ** (-loss / 10)) * efficiency,
            dark_probability=dark_hz * parameters.gate_ps * 1e-12,
            misalignment_error=emulation.misalignment_error,
            dead_s=parameters.bob.hold_off_ps * 1e-12,
            correction=parameters.reconciliation,
            both_directions=charges_both_directions(parameters.security.waived, parameters.reconciliation),
        )

    def click(self, mean: float) -> float:
        """Probability that a pulse makes a click in the basis that it is measured in."""
        return 1 - (1 - 2 * self.dark_probability) * exp(-self.transmission * mean)

    def error(self, mean: float) -> float:
        """Probability that it makes a wrong one."""
        return self.dark_probability + self.misalignment_error * (1 - exp(-self.transmission * mean))

    def live(self, settings: Settings) -> float:
        """Share of the slots in which no click before blinds the receiver."""
        pairs = zip(settings.means, settings.probabilities, strict=True)
        rate_hz = self.slot_hz * sum(p * self.click(mean) for mean, p in pairs)
        return 1 / (1 + rate_hz * self.dead_s)

    def statistics(self, settings: Settings) -> Statistics:
        """Give the counts to be expected of a block, rounded."""
        key, test = settings.key_basis_probability**2, (1 - settings.key_basis_probability) ** 2
        slots = settings.n_slots * self.live(settings)
        sent = [slots * p for p in settings.probabilities]
        clicks = [n * self.click(mean) for n, mean in zip(sent, settings.means, strict=True)]
        wrong = [n * self.error(mean) for n, mean in zip(sent, settings.means, strict=True)]

        def share(of: float, numbers: list[float]) -> tuple[int, ...]:
            return tuple(round(of * number) for number in numbers)

        return Statistics(share(key, clicks), share(test, clicks), share(test, wrong), share(key, wrong))

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
        dark, eta = 2 * self.dark_probability, self.transmission
        single = 1 - (1 - dark) * (1 - eta)
        wrong = (self.dark_probability + self.misalignment_error * eta) / single
        secret = exp(-mean) * (dark + mean * single * (1 - entropy_bound(wrong)))
        click = self.click(mean)
        leak = click * self.charged(self.error(mean) / click, click)
        live = 1 / (1 + self.slot_hz * click * self.dead_s)
        return max(live * (secret - leak), 0.0)
