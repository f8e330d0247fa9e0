"""What belongs to one party and never leaves it, and the steps that all protocols share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

from postproc.amplification.refill import Household, Rotation
from postproc.amplification.stage import Amplify
from postproc.authentication.pool import AuthenticationPool
from postproc.authentication.wegman_carter import Authenticator
from postproc.blocks import BoundedBlock, ReconciledBlock, SiftedBlock, TestedBlock, VerifiedBlock
from postproc.conversation.agreement import Agree
from postproc.conversation.conversation import B, Conversation, T
from postproc.conversation.dialogue import Dialogue
from postproc.conversation.messages import NO_SOURCE
from postproc.entropy import Entropy, Stream
from postproc.errors import PoolExhausted, ProofError
from postproc.estimation import Assumption, waivers_in_use
from postproc.estimation import Link as Facts
from postproc.estimation.proof import Proof
from postproc.estimation.stage import BoundLength, Test
from postproc.parameters.security import Link
from postproc.parameters.session import Session, agreed
from postproc.parameters.stages import Pooling, Reconciliation
from postproc.pooling.gather import Gather, GatheredBlock
from postproc.pooling.pool import Pool
from postproc.reconciliation.on_threads import usable_cores
from postproc.reconciliation.reconciler import choosing_reconciler
from postproc.reconciliation.stage import Reconcile
from postproc.secretsink import SecretSink
from postproc.stage import Stage
from postproc.types import Role
from postproc.verification.stage import Verify

POOL_RESERVES = 4
"""Keys refill the authentication pool up to so many reserves, where crashes have cost some of it."""


@dataclass(frozen=True)
class Party:
    """One end of the link.

    Attributes
    ----------
    role : {"alice", "bob"}
    entropy : Entropy
        Its own randomness.
    pool : AuthenticationPool
        Its copy of the authentication key, and what it signs with: in place of a key, or beside its tags.
    sink : SecretSink
        Its key store.
    """

    role: Role
    entropy: Entropy
    pool: AuthenticationPool
    sink: SecretSink

    def agree(self, parameters: Session) -> Stage:
        """Step 0: both parties hold their configurations against each other.

        Raises
        ------
        PoolExhausted
            If too little authentication key is left to start, or nothing of the budget of failure probabilities.
        """
        reserve = parameters.authentication.reserve_tags
        if self.pool.identity is not None and self.pool.name == NO_SOURCE:
            reserve = 0
        for sender in ("alice", "bob"):
            if (left := self.pool.remaining(sender)) < reserve:
                raise PoolExhausted(
                    f"{left} one-time authentication keys are left to {sender.capitalize()}, and no session "
                    f"starts below {reserve}; give both parties a new pre-shared key"
                )
        if (spent := self.pool.epsilon) >= (budget := parameters.authentication.epsilon_budget):
            raise PoolExhausted(
                f"all keys since the pre-shared key may fail by {spent:.2g} together, and the budget is "
                f"{budget:.2g}; give both parties a new pre-shared key"
            )
        authenticator = Authenticator(self.role, self.pool)
        return Agree(self.role, agreed(parameters), self.pool.name, self.entropy, self.sink, authenticator)

    def converse(
        self, name: str, kind: type[B], step: Any, *, tags: bool = False, last: bool = False
    ) -> Conversation[B, T]:
        """Make a stage of a step: an object with a dialogue for each role.

        Parameters
        ----------
        name : str
        kind : type
            The blocks it takes.
        step : object
            Has methods ``alice`` and ``bob``, each ``(block, Stream) -> Dialogue``.
        tags : bool
            Whether it attests or checks.
        last : bool
            Whether blocks are done then.
        """
        script: Callable[[B, Stream], Dialogue[T]] = getattr(step, self.role)
        authenticator = Authenticator(self.role, self.pool) if tags else None
        return Conversation(name, self.role, kind, script, self.entropy, authenticator, last=last)

    def gather(self, pooling: Pooling, sample_sizes: tuple[int, int] | None) -> list[Stage]:
        """Between sifting and test: several blocks become one, where a key is made of several."""
        if pooling.size == 1:
            return []
        return [Gather(pooling.size), self.converse("pool", GatheredBlock, Pool(sample_sizes))]

    def distil(self, parameters: Session, proof: Proof) -> list[Stage]:
        """Steps 3 to 8: from sifted bits to a confirmed key, the same for all protocols."""
        correction = parameters.reconciliation
        budget = parameters.security.thresholds
        household = Household(
            self.pool,
            POOL_RESERVES * parameters.authentication.reserve_tags,
            Rotation(parameters.authentication.rotate_tags, parameters.authentication.rotate_s),
            parameters.authentication.epsilon_budget,
        )
        reconciler = choosing_reconciler(
            correction.method,
            correction.profile,
            charge_both_directions=charges_both_directions(parameters.security.waived, correction),
            leak_cap_bits=budget.leak_max_bits if budget else None,
            workers=correction.workers or usable_cores(),
            block_s=parameters.block_s,
            round_trip_s=correction.round_trip_ms / 1e3,
        )
        return [
            self.converse("test", SiftedBlock, Test(proof)),
            self.converse("reconcile", TestedBlock, Reconcile(reconciler, correction.expected_qber)),
            self.converse("verify", ReconciledBlock, Verify(parameters.security.eps_cor)),
            self.converse("bound", VerifiedBlock, BoundLength(proof)),
            self.converse("amplify", BoundedBlock, Amplify(self.sink, household), tags=True, last=True),
        ]


def charges_both_directions(waived: tuple[str, ...], correction: Reconciliation) -> bool:
    """Whether Bob's side of error correction is charged too: always, unless that is waived by name.

    LDPC's few answers are charged in any case; it is Cascade's many that a scenario may waive.
    """
    return correction.method == "ldpc" or Assumption.CHARGED_RECONCILIATION.value not in waived


def assumptions_named(names: tuple[str, ...]) -> frozenset[Assumption]:
    """Look up assumptions by name.

    Raises
    ------
    ProofError
        If there is none of that name.
    """
    known = {assumption.value: assumption for assumption in Assumption}
    for name in names:
        if name not in known:
            raise ProofError(f"there is no assumption {name!r} to waive; there are {', '.join(known)}")
    return frozenset(known[name] for name in names)


def hold_against(
    proof: Proof, link: Link, correction: Reconciliation, waived: tuple[str, ...]
) -> tuple[str, ...]:
    """Hold a proof's assumptions against the facts; give the names of the waivers it leans on.

    Raises
    ------
    ProofError
        If an assumption fails and is not waived.
    """
    charged: Literal["charged", "half-charged"]
    charged = "charged" if charges_both_directions(waived, correction) else "half-charged"
    stated = {field.name: getattr(link, field.name) for field in fields(link)}
    facts = Facts(block_end="clock", double_clicks="random-bit", reconciliation=charged, **stated)
    return tuple(assumption.value for assumption in waivers_in_use(proof, facts))
