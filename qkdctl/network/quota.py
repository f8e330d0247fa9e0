"""How many bits a customer's applications may have in a day (UTC); it survives a restart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

from qkdctl.keystore.engine import Connection
from qkdctl.keystore.store import KeyStore
from qkdctl.kme.refusal import unavailable
from qkdctl.network.spec import CustomerSpec

USED_UP = "the quota of {customer} for today is used up: {bits} bits a day"


class Quotas:
    """The quotas of one node.

    Parameters
    ----------
    customers : sequence of CustomerSpec
    spent : dict of str to int
        Bits that applications were given today already.
    today : callable, optional
        Gives the day.
    """

    def __init__(
        self,
        customers: Sequence[CustomerSpec],
        spent: dict[str, int],
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self._customers = {sae: customer for customer in customers for sae in customer.saes}
        self._today = today
        self._day = today()
        self._spent: dict[str, int] = {}
        for sae, bits in spent.items():
            self._add(sae, bits)

    @contextmanager
    def spending(self, sae: str, bits: int) -> Iterator[None]:
        """Count bits that an application is given inside; they are not, if that fails.

        Raises
        ------
        Refusal
            If they are more than the quota leaves.
        """
        if self._today() != self._day:
            self._day, self._spent = self._today(), {}
        customer = self._customers.get(sae)
        if customer and self._spent.get(customer.name, 0) + bits > customer.bits_per_day:
            raise unavailable(USED_UP.format(customer=customer.name, bits=customer.bits_per_day))
        self._add(sae, bits)
        try:
            yield
        except BaseException:
            self._add(sae, -bits)
            raise

    def _add(self, sae: str, bits: int) -> None:
        if customer := self._customers.get(sae):
            self._spent[customer.name] = self._spent.get(customer.name, 0) + bits


def spent_today(store: KeyStore, connection: Connection, saes: Collection[str]) -> dict[str, int]:
    """Read what a node's own applications were given today; work for the :class:`~qkdctl.kme.writer.Writer`.

    Keys that others sent here count at the node that drew them.
    """
    day = datetime.now(UTC).date().isoformat()
    rows = connection.execute(
        "SELECT master, sum(size_bits) AS bits FROM supply WHERE state != 'lost' AND made_at >= ? GROUP BY master",
        (day,),
    ).fetchall()
    return {row["master"]: int(row["bits"]) for row in rows if row["master"] in saes}
