"""Error correction by LDPC codes as a pair of dialogues.

Alice tells the syndromes of all frames in one message. Bob says which frames he could decode; of the others
Alice discloses some more bits, and so on until none is open. No frame is given up or left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from postproc.bits import Bits
from postproc.conversation.dialogue import Dialogue, hear, note, say
from postproc.entropy import Stream
from postproc.reconciliation.books import Books
from postproc.reconciliation.ldpc.decoder import Decoder
from postproc.reconciliation.ldpc.encoder import Encoder
from postproc.reconciliation.ldpc.messages import FramesDecoded, Repair, Syndromes
from postproc.reconciliation.ldpc.plan import plan
from postproc.reconciliation.profile import Profile


@dataclass(frozen=True, slots=True)
class LdpcReconciler:
    """Error correction by LDPC codes.

    Parameters
    ----------
    profile : {"efficient", "fast"}
        Fewest bits, or fewer rounds and decodings.
    charge_both_directions : bool
        Whether Bob's side is charged too: one bit for each frame and round.
    leak_cap_bits : int or None
        Most that may be charged to one block.
    workers : int
        Threads that decode frames. Each party has its own number: what is said does not depend on it.
    """

    profile: Profile
    charge_both_directions: bool
    leak_cap_bits: int | None
    workers: int = 1
    name: str = "ldpc"

    def alice(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[None]:
        """Tell the syndromes, and what is missing of them."""
        planned = plan(len(key), qber, self.profile)
        if planned is None:
            return
        books = Books(self.charge_both_directions, self.leak_cap_bits)
        encoder = Encoder(planned, key, entropy)
        _enter(books, encoder.syndromes, encoder.open_frames)
        yield from say(encoder.syndromes)
        for step in planned.steps():
            encoder.close((yield from hear(FramesDecoded)), charged=self.charge_both_directions)
            if not encoder.open_frames:
                break
            repair = encoder.disclose(step)
            _enter(books, repair, encoder.open_frames)
            books.rounds += 1
            yield from say(repair)
        yield from note(**books.figures())

    def bob(self, key: Bits, qber: float, entropy: Stream) -> Dialogue[Bits]:
        """Decode; give the corrected key."""
        planned = plan(len(key), qber, self.profile)
        if planned is None:
            return key
        books, syndromes = Books(self.charge_both_directions), (yield from hear(Syndromes))
        decoder, failed_frames = Decoder(planned, key, syndromes, self.workers), 0
        _enter(books, syndromes, len(decoder.open_frames))
        for step in planned.steps():
            yield from say(decoder.decode(charged=self.charge_both_directions))
            still_open = len(decoder.open_frames)
            failed_frames = failed_frames or still_open
            if not still_open:
                break
            repair = yield from hear(Repair)
            decoder.learn(repair, step)
            _enter(books, repair, still_open)
            books.rounds += 1
        yield from note(
            **books.figures(),
            reconciliation_frames=len(planned.payload_words),
            reconciliation_failed_frames=failed_frames,
        )
        return decoder.key


def _enter(books: Books, said: Syndromes | Repair, open_frames: int) -> None:
    """Count what Alice is about to tell, and Bob's answer: a bit for each frame that is open."""
    books.enter(alice=said.discloses(), bob=open_frames)
