"""A scenario of one's own: what is asked, what is written; and what a run would do."""

import tomllib

import pytest
from click.testing import CliRunner

from qkdctl.cli.init import init
from qkdctl.config.draft import drafted, places
from qkdctl.config.packaged import packaged_scenarios, scenario_path
from qkdctl.errors import ConfigurationError

DEMO = scenario_path("demo").read_text()


def test_only_what_was_given_changes_and_comments_stay():
    text = drafted(DEMO, "my lab", {"bob.tagger": "serial:///dev/ttyACM0"})
    before, after = DEMO.splitlines(), text.splitlines()
    assert [(a, b) for a, b in zip(before, after, strict=True) if a != b] == [
        ('name = "demo"', 'name = "my lab"'),
        ('address = "rack"', 'address = "serial:///dev/ttyACM0"'),
    ]
    assert tomllib.loads(text)["instruments"]["bob"]["tagger"]["address"] == "serial:///dev/ttyACM0"


@pytest.mark.parametrize("name", [n for n, path in packaged_scenarios().items() if places(path.read_text())])
def test_every_instrument_on_the_rack_can_be_put_elsewhere(name):
    text = scenario_path(name).read_text()
    addresses = {place: f"tcp://192.0.2.{i}:1" for i, place in enumerate(places(text))}
    made = tomllib.loads(drafted(text, "x", addresses))["instruments"]
    assert {
        f"{p}.{r}": t["address"] for p, h in made.items() for r, t in h.items()
    }.items() >= addresses.items()


def test_an_instrument_that_is_not_there_is_refused():
    with pytest.raises(ConfigurationError, match=r"bob\.laser: .*there are alice\.laser"):
        drafted(DEMO, "x", {"bob.laser": "tcp://192.0.2.1:1"})


def test_questions_make_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answers = "demo\n\n\ntcp://192.0.2.9:5025\n\n\n\n"
    done = CliRunner().invoke(init, ["mine.toml", "--no-doctor"], input=answers)
    assert done.exit_code == 0, done.output
    made = tomllib.loads((tmp_path / "mine.toml").read_text())
    assert made["name"] == "mine"
    assert made["instruments"]["alice"]["attenuator"]["address"] == "tcp://192.0.2.9:5025"
    assert made["instruments"]["alice"]["laser"]["address"] == "rack"


def test_the_doctor_looks_at_the_end(qkdctl):
    done = qkdctl("init", "lab.toml", "--from", "demo", "--yes")
    assert done.code == 0
    assert "bob.tagger" in done.out


def test_nothing_is_written_over(qkdctl, tmp_path):
    (tmp_path / "lab.toml").write_text("precious")
    done = qkdctl("init", "--yes")
    assert done.code == 2
    assert "is there already" in done.err
    assert (tmp_path / "lab.toml").read_text() == "precious"


def test_an_address_without_a_place_is_refused(qkdctl, tmp_path):
    done = qkdctl("init", "--yes", "--address", "serial:///dev/ttyACM0")
    assert done.code == 2
    assert not (tmp_path / "lab.toml").exists()


def test_a_dry_run_says_what_it_would_do_and_does_nothing(qkdctl, tmp_path):
    done = qkdctl("run", "demo", "--dry-run", "--duration", "6.5", "--json")
    assert done.code == 0
    what = done.json
    assert (what["proof"], what["waived"], what["blocks"]) == ("lim2014", [], 3)
    assert what["instruments"]["bob.tagger"] == {"driver": "s15-tdc1", "address": "rack"}
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_finds_what_is_missing(qkdctl):
    done = qkdctl("run", "decoy-bb84", "--dry-run")
    assert done.code == 3
    assert "names no instruments for Alice" in done.err
