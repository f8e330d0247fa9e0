"""A link whose ends keep their keys on a PostgreSQL server gives the same keys at both."""

import pytest

from qkdctl.keystore.pair import PARTIES, store_path
from qkdctl.kme.client import KmeRefused
from tests.keystore.conftest import name_server
from tests.kme.lab import Lab


@pytest.fixture
def lab(tmp_path, postgres):
    lab = Lab(tmp_path)
    conninfo = postgres.emptied()
    for party in PARTIES:
        name_server(store_path(tmp_path / "keys", party), conninfo)
    return lab


def test_both_ends_get_the_same_keys_once(lab):
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        given = a.get_keys("SAE_B", 3)
        names = [key.id for key in given]
        there = b.get_keys_by_id("SAE_A", names)
        assert [key.value.reveal() for key in there] == [key.value.reveal() for key in given]
        with pytest.raises(KmeRefused):
            b.get_keys_by_id("SAE_A", names)


def test_keys_outlive_the_database_server(lab, postgres):
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        (given,) = a.get_keys("SAE_B")
        postgres.kill()
        postgres.start()
        (there,) = b.get_keys_by_id("SAE_A", [given.id])
        assert there.value.reveal() == given.value.reveal()
