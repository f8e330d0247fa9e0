"""A node whose link keeps its keys on a PostgreSQL server: they are audited, and destroyed, with the others."""

import pytest

from qkdctl.keystore.store import KeyStore
from qkdctl.network.link_specs import LinkSpec
from qkdctl.network.spec import ClockSpec, NodeSpec, ProfileSpec, write_spec
from qkdctl.network.stores import Place, stores_of, verify_all, zeroise_all
from tests.keystore.conftest import ORIGIN, SESSION, make_key, name_server

CLOCK = ClockSpec("2026-01-01T00:00:00+00:00", 0.0)


@pytest.fixture
def home(tmp_path):
    """A node's directory, with one link."""
    home = tmp_path / "run" / "nodes" / "a"
    home.mkdir(parents=True)
    link = LinkSpec("ab", "stored", "alice", "b", "KME_B", "", str(tmp_path / "keys"))
    write_spec(NodeSpec(
        "a", "lab", "KME_A", "", str(home), "", "", "", "", "", (), True, (link,), (), (), (), {}, (),
        ProfileSpec(), (), CLOCK,
    ))  # fmt: skip
    return home


def test_its_stores_are_those_that_are_there(home, tmp_path, postgres):
    assert stores_of(home) == []
    path = tmp_path / "keys" / "alice.sqlite"
    name_server(path, postgres.emptied())
    with KeyStore(path, "alice") as store:
        store.stage(make_key(1), "secret", ORIGIN)
        store.confirm(SESSION, 1)
    assert stores_of(home) == [Place(path, "alice")]
    assert verify_all(home)[str(path)].number == 1
    assert zeroise_all(home) == [path]
    with KeyStore(path, "alice") as store:
        assert [entry.state for entry in store.entries()] == ["destroyed"]
