"""A laboratory link for the tests of key streams."""

import pytest

from tests.kme.lab import Lab


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    lab.fill(range(1, 5), 8 * 20_000)
    with lab.start():
        yield lab
