"""Hypothesis profiles: dev (quick), ci (default), nightly (``--hypothesis-profile=nightly``); shared servers."""

import signal

import pytest
from hypothesis import settings

from tests.support.postgres import Server, programs
from tests.support.profiles import SLOW

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW)
settings.register_profile("dev", deadline=None, max_examples=20, suppress_health_check=SLOW)
settings.register_profile("nightly", deadline=None, max_examples=5000, suppress_health_check=SLOW)
settings.load_profile("ci")

# What a shell starts in the background ignores Ctrl-C, and so would every program that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption(
        "--rack", metavar="LAB.TOML", help="hold the drivers' contracts against these real instruments, too"
    )


@pytest.fixture
def heard():
    """Have the loss of the terminal heard here, and by programs that are started here: under nohup it is not."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server."""
    if programs() is None:
        pytest.skip("needs PostgreSQL's server; on Debian: apt-get install postgresql")
    server = Server()
    yield server
    server.remove()
