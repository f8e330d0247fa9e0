"""A laboratory link for the tests of the key server."""

import pytest

from tests.kme.lab import Lab


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    """Two KMEs that run, with plenty of key."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    lab.fill(range(1, 9), 8 * 20_000)
    with lab.start():
        yield lab


@pytest.fixture
def lab(tmp_path):
    """Two KMEs that do not run yet, without key."""
    return Lab(tmp_path)
