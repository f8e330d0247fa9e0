"""Cascade as a pair of dialogues.

Alice opens the passes of the schedule one step after another. Within a step Bob asks, in one message, for
cuts in all odd intervals of all open passes, and Alice answers with as many parities, until none is odd.
Finding an error in one pass makes an interval of every other pass odd: its parities are reused, and the
search goes back there by itself (Brassard and Salvail, Eurocrypt 1993, LNCS 765, p. 410).
"""

from __future__ import annotations

from dataclasses import dataclass

from postproc.bits import Bits
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.entropy import Stream
from postproc.reconciliation.books import Books
from postproc.reconciliation.cascade.messages import CutParities, CutsWanted, PassesOpened
from postproc.reconciliation.cascade.schedule import schedule
from postproc.reconciliation.cascade.search import Search
from postproc.reconciliation.cascade.teller import Teller
from postproc.reconciliation.profile import Profile
from postproc.reconciliation.randomised import SEED_BYTES


@dataclass(frozen=True, slots=True)
class CascadeReconciler:
    """Error correction by Cascade.

    Parameters
    ----------
    profile : {"efficient", "fast"}
        Fewest bits, or fewer rounds.
    charge_both_directions : bool
        Whether Bob's side is charged too: one bit for each of Alice's parities that he has compared. May be
        False only where the proof grants the eavesdropper the error pattern.
    leak_cap_bits : int or None
        Most that may be charged to one block.
    """

    profile: Profile
    charge_both_directions: bool
    leak_cap_bits: int | None
    name: str = "cascade"

    def alice(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[None]:
        """Answer Bob's questions about her key."""
        books, teller = Books(self.charge_both_directions, self.leak_cap_bits), Teller(key)
        charged = self.charge_both_directions
        for step in schedule(len(key), qber, self.profile).steps:
            opened = teller.open(step, entropy.bytes(SEED_BYTES))
            _enter(books, len(opened.parities))
            yield from say(opened)
            while told := (wanted := (yield from hear(CutsWanted))).count:
                _enter(books, told)
                books.rounds += 1
                yield from say(teller.answer(wanted, charged=charged))
            teller.close(wanted, charged=charged)
        yield from note(**books.figures())

    def bob(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[Bits]:
        """Search for the errors; give the corrected key."""
        planned = schedule(len(key), qber, self.profile)
        if not planned.steps:
            return key
        books = Books(self.charge_both_directions)
        search = Search(key, planned.spare_cuts, charged=self.charge_both_directions)
        for step in planned.steps:
            opened = yield from hear(PassesOpened)
            search.open(step, opened)
            _enter(books, len(opened.parities))
            while asked := (wanted := search.want()).count:
                yield from say(wanted)
                search.take(asked, (yield from hear(CutParities)))
                _enter(books, asked)
                books.rounds += 1
            yield from say(wanted)
        yield from note(**books.figures())
        return search.key


def _enter(books: Books, parities: int) -> None:
    """Count parities that Alice is about to tell: each will be compared, and what comes of it will show."""
    books.enter(alice=parities, bob=parities)
