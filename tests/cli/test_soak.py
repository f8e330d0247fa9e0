"""What ``soak`` says of a session that somebody else has run."""

from itertools import count

import msgspec
import pytest

from qkdctl.node.failure import Failure
from qkdctl.session import Outcome
from tests.soak.test_judgement import samples

FAILED = {"alice": Failure("instruments", 3, "no such detector")}


@pytest.fixture
def soaked(qkdctl, monkeypatch):
    """Soak a session that comes to its end, or to what is said here."""

    def soak(*options, failures=None, keys=5, whole=True, n=200):
        def acquire(plan, watch, stop):
            while whole and not stop():
                pass
            return Outcome(None, failures or {}), []

        def looks(path):
            return [msgspec.structs.replace(look, keys=keys) for look in samples(n=n)]

        clock = count(0.0, 0.5)
        monkeypatch.setattr("qkdctl.cli.soak.monotonic", lambda: next(clock))
        monkeypatch.setattr("qkdctl.cli.soak.acquire", acquire)
        monkeypatch.setattr("qkdctl.cli.soak.read_samples", looks)
        return qkdctl("soak", "quick", "--duration", 60, *options)

    return soak


def test_a_session_that_goes_on_and_makes_keys(soaked):
    done = soaked("--json")
    assert (done.code, done.json["complaints"]) == (0, [])
    assert soaked().code == 0


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"failures": FAILED}, "Alice: no such detector"),
        ({"keys": 0}, "no key was made"),
        ({"whole": False}, "ended after 0 s, expected 60 s"),
    ],
)
def test_what_is_flat_and_yet_no_success(soaked, how, words):
    done = soaked("--json", **how)
    assert (done.code, done.json["complaints"]) == (1, [words])
    assert all(done.json["flat"].values())
    done = soaked(**how)
    assert (done.code, words in done.err) == (1, True)


def test_who_ended_it_may_end_it_early(soaked, monkeypatch):
    class Interrupted:
        def __enter__(self):
            return lambda: True

        def __exit__(self, *error):
            return None

    monkeypatch.setattr("qkdctl.cli.soak.stoppable", Interrupted)
    assert soaked().code == 0


def test_a_node_that_fails_at_once_says_why(soaked):
    done = soaked(failures=FAILED, whole=False, n=3)
    assert (done.code, "no such detector" in done.err) == (5, True)
