"""Secrets that are made once are the same for all who hold them, wherever a crash came between."""

import pytest

from qkdctl.network import files
from qkdctl.network.files import ensure_common_secret, ensure_identity


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_common_secret_that_a_crash_has_cut_short_is_made_anew_for_all(tmp_path, monkeypatch, written):
    paths = [tmp_path / "alice.seed", tmp_path / "bob.seed"]
    left, write_new = [None] * written, files.write_new

    def write(path, data):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        write_new(path, data)

    monkeypatch.setattr(files, "write_new", write)
    try:
        ensure_common_secret(paths)
    except KeyboardInterrupt:
        assert written < 2
    monkeypatch.undo()
    ensure_common_secret(paths)
    values = {path.read_bytes() for path in paths}
    assert len(values) == 1
    ensure_common_secret(paths)
    assert {path.read_bytes() for path in paths} == values


def test_an_identity_stays(tmp_path):
    assert ensure_identity(tmp_path / "identity") == ensure_identity(tmp_path / "identity")
    assert [path.name for path in tmp_path.iterdir()] == ["identity"]
