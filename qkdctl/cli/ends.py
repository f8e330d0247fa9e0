"""How the blocks of one node ended, for whoever started it: a line for each result, and what it came to in all."""

from __future__ import annotations

from postproc.blocks import SecretBlock
from postproc.outcome import BlockEnded
from qkdctl.cli.output import err
from qkdctl.cli.plain import plain
from qkdctl.errors import NoKeyError, NoLockError
from qkdctl.narration import narrate
from qkdctl.node.observation import event_of

REASONS = 8
"""So many different ones are told at the end."""


class Ends:
    """Prints what each result comes to, in a line, and remembers how blocks ended: whether there is key, or why not."""

    def __init__(self) -> None:
        self._keys = 0
        self._lock: str | None = None
        self._reasons: dict[str, None] = {}

    def __call__(self, result: object) -> None:
        """Take a result of the node."""
        match result:
            case SecretBlock():
                self._keys += 1
            case BlockEnded() if result.record.block == 0:
                self._lock = result.reason
            case BlockEnded() if len(self._reasons) < REASONS:
                self._reasons[result.reason] = None
        event = event_of(result)
        if event is not None and (line := narrate(event)) is not None:
            err.print(plain(line))

    def raise_without_key(self) -> None:
        """Raise where nothing became key, with the reasons.

        Raises
        ------
        NoLockError
            If no block began, as no session could lock the clocks.
        NoKeyError
        """
        if self._keys:
            return
        if self._lock is not None and not self._reasons:
            raise NoLockError(self._lock)
        reasons = (
            "; ".join(self._reasons) or "no block was complete; record longer, or agree on shorter blocks"
        )
        raise NoKeyError(f"no block ended in key: {reasons}")
