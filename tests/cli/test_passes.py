"""Keys of several recordings, from the command line."""

import pytest

from tests.cli.conftest import DECOY, recorded
from tests.config.toml import written


def pooled(passes):
    return DECOY | {"pooling": {"passes": passes}}


@pytest.fixture(scope="module")
def passes(tmp_path_factory):
    """Two passes of one link, each recorded by itself."""
    return [recorded(tmp_path_factory.mktemp("pass"), pooled(2), "alice_states.h5", seed) for seed in (1, 2)]


def named(recordings):
    for each in recordings:
        yield from ("--alice", each.alice, "--bob", each.bob)


def test_two_passes_make_one_key(qkdctl, passes):
    done = qkdctl("process", passes[0].config, *named(passes), "--json")
    assert done.code == 0, done.err
    (block,) = done.json["blocks"]
    assert block["outcome"] == "key"
    assert block["figures"]["pooled_blocks"] == 2
    assert block["auth_bits"] == 3 * 128
    assert done.json["keys_equal"]
    assert done.json["secret_bits"] == block["secret_bits"] > 0


def test_every_pass_needs_its_recording(sentence, passes):
    code, said = sentence("process", passes[0].config, *named(passes[:1]))
    assert code != 0
    assert "1 recordings of Alice's are named" in said
    assert "makes a key of 2 passes" in said


@pytest.mark.parametrize("copied", [False, True])
def test_the_clicks_of_a_pass_are_not_taken_for_those_of_another(sentence, passes, tmp_path, copied):
    """The key would be longer than what is secret of them."""
    again = {party: getattr(passes[0], party) for party in ("alice", "bob")}
    if copied:
        again = {party: tmp_path / f"{party}.h5" for party in again}
        for party, copy in again.items():
            copy.write_bytes(getattr(passes[0], party).read_bytes())
    twice = [passes[0], passes[0]._replace(**again)]
    code, said = sentence("process", passes[0].config, *named(twice))
    assert code == 4
    assert f"{again['alice']}: is the same recording as {passes[0].alice}" in said
    assert "name every recording once" in said


def test_without_pooling_there_is_one_recording(sentence, decoy, passes):
    _, said = sentence("process", decoy.config, *named(passes))
    assert "2 recordings of Alice's are named" in said
    assert "passes under [pooling]" in said


@pytest.mark.parametrize("command", ["run", "node"])
def test_a_running_session_is_one_pass(qkdctl, sentence, tmp_path, command):
    path, keys = tmp_path / "link.toml", tmp_path / "own.keys"
    path.write_text(written(pooled(3)))
    public = qkdctl("keygen", keys).out.strip()
    line = ("--connect", "tcp://127.0.0.1:1", "--keys", keys, "--peer-key", public)
    code, said = sentence(*(("run", path) if command == "run" else ("node", "alice", path, *line)))
    assert code == 3
    assert "makes a key of 3 passes" in said
    assert "qkdctl process" in said
