"""One run at a time, and who only looks in for a moment is in nobody's way."""

from threading import Event, Thread, Timer

import pytest

from qkdctl.errors import RecordingError
from qkdctl.keystore.lock import sole_run


@pytest.fixture
def held(tmp_path):
    """A store that somebody else holds until the event is set."""
    path, begun, let_go = tmp_path / "alice.sqlite", Event(), Event()

    def hold():
        with sole_run(path):
            begun.set()
            let_go.wait(60)

    thread = Thread(target=hold)
    thread.start()
    assert begun.wait(60)
    yield path, let_go
    let_go.set()
    thread.join()


def test_one_that_looks_in_for_a_moment_refuses_nobody(held):
    path, let_go = held
    Timer(0.2, let_go.set).start()
    with sole_run(path, wait_s=60):
        assert let_go.is_set()


def test_one_that_stays_refuses_others(held):
    path, _ = held
    with pytest.raises(RecordingError, match="another run is making keys in it"), sole_run(path, wait_s=0.1):
        pass


def test_one_that_would_only_look_in_does_not_wait(held):
    path, let_go = held
    with pytest.raises(RecordingError), sole_run(path, wait_s=0):
        pass
    assert not let_go.is_set()
