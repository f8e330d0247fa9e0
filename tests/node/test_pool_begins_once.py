"""A node that is started again as it was before goes on with the pool that it has."""

import pytest

from qkdctl.cli.node import _begin_pool
from qkdctl.errors import RecordingError
from qkdctl.keystore.pair import store_path
from qkdctl.keystore.store import KeyStore
from tests.support import links


def test_its_pre_shared_key_is_not_imported_again_and_no_used_key_comes_back(tmp_path, capsys):
    path = store_path(tmp_path, "alice")
    _begin_pool(path, "alice", links.SHARED_KEY)
    with KeyStore(path, "alice") as store:
        name, _ = store.pool.take("alice")
        left = store.pool.remaining("alice")
    assert capsys.readouterr().err == ""
    _begin_pool(path, "alice", links.SHARED_KEY)
    assert "what is left of it serves" in capsys.readouterr().err
    with KeyStore(path, "alice") as store:
        assert store.pool.remaining("alice") == left
        assert store.pool.take("alice")[0] != name


def test_an_older_one_is_still_refused(tmp_path):
    path = store_path(tmp_path, "alice")
    _begin_pool(path, "alice", links.SHARED_KEY)
    _begin_pool(path, "alice", links.SHARED_KEY[::-1])
    with pytest.raises(RecordingError, match="was imported before"):
        _begin_pool(path, "alice", links.SHARED_KEY)
