"""The file in which a rack says where its instruments answer may have been written by anybody."""

import pytest

from qkdctl.errors import ConfigurationError
from qkdctl.node.addresses import MAX_BYTES, read_addresses, write_addresses

INSTRUMENTS = {"bob.tagger": "tcp://127.0.0.1:5000", "bob.detectors": {"a": "tcp://127.0.0.1:1", "b": "x"}}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "rack.json"
    write_addresses(path, "tcp://127.0.0.1:4", INSTRUMENTS)
    found = read_addresses(path)
    assert (found.control, found.instruments) == ("tcp://127.0.0.1:4", INSTRUMENTS)
    assert [each.name for each in tmp_path.iterdir()] == ["rack.json"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no file of addresses"),
        (b"\xff{", "is no file of addresses"),
        (b'{"control": "x"}', "missing required field `instruments`"),
        (b'{"control": 1, "instruments": {}}', r"Expected `str`, got `int`"),
        (b'{"control": "x", "instruments": ' + b"[" * 100_000, "is no file of addresses"),
        (b" " * (MAX_BYTES + 1), "those have at most 1048576 bytes"),
    ],
)
def test_anything_else_is_refused_in_words(tmp_path, content, says):
    path = tmp_path / "rack.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=says):
        read_addresses(path)


def test_a_missing_one_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.json: cannot be read: No such file"):
        read_addresses(tmp_path / "none.json")
