"""A customer's quota at one node, over a day and a restart."""

from datetime import date, timedelta

import pytest

from qkdctl.keystore.store import KeyStore
from qkdctl.keystore.supply import ApplicationKey
from qkdctl.kme.refusal import Refusal
from qkdctl.network.quota import Quotas, spent_today
from qkdctl.network.spec import CustomerSpec

BANK = CustomerSpec("bank", ("HERE", "THERE"), 1000)


def test_what_fails_is_not_counted_and_a_new_day_is_a_new_quota():
    days = [date(2026, 12, 1)]
    quotas = Quotas((BANK,), {"HERE": 400}, lambda: days[0])
    with pytest.raises(OSError, match="no"), quotas.spending("HERE", 600):
        raise OSError("no")
    with quotas.spending("THERE", 600):
        pass
    with pytest.raises(Refusal, match="quota of bank"), quotas.spending("HERE", 1):
        pass
    days[0] += timedelta(1)
    with quotas.spending("HERE", 1000):
        pass


def test_after_a_restart_the_keys_that_others_sent_do_not_count(tmp_path):
    with KeyStore(tmp_path / "node.sqlite", "node") as store, store.transaction() as connection:
        store.supply.record(connection, ApplicationKey("drawn here", "HERE", (), 256, "{}"))
        theirs = ApplicationKey("came in", "THERE", ("HERE",), 512, "{}")
        store.supply.wait(connection, theirs, bytes(64), timedelta(hours=1))
        assert spent_today(store, connection, ("HERE",)) == {"HERE": 256}
