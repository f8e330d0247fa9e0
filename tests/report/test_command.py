import json

import pytest

from tests.cli.conftest import qkdctl  # noqa: F401


@pytest.fixture
def stored(tmp_path, record):
    folder = tmp_path / "qkdctl-keys" / "sessions"
    folder.mkdir(parents=True)
    for name in ("20260102T030405Z-demo", "20250102T030405Z-demo"):
        (folder / f"{name}.json").write_text(json.dumps({**record, "name": name}))
    return folder


def test_the_last_session_is_the_one_meant(qkdctl, stored):  # noqa: F811
    done = qkdctl("report")
    assert done.code == 0
    assert done.out.strip().endswith("20260102T030405Z-demo.html")
    assert "<h1>20260102T030405Z-demo</h1>" in (stored / "20260102T030405Z-demo.html").read_text()


def test_the_same_as_json(qkdctl, stored):  # noqa: F811
    path = stored / "20250102T030405Z-demo.json"
    assert qkdctl("report", path, "--json").json == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "no session file"),
        ('{"format": "qkdctl-session", "version": 2}', "version 2"),
        ('{"format": "qkdctl-session", "version": 1}', "damaged"),
    ],
)
def test_a_file_that_is_none(qkdctl, tmp_path, text, words):  # noqa: F811
    (tmp_path / "x.json").write_text(text)
    done = qkdctl("report", "x.json")
    assert done.code == 4
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_no_session_at_all(qkdctl):  # noqa: F811
    done = qkdctl("report")
    assert done.code == 4
    assert "holds no session file" in done.err
