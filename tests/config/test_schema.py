import tomllib
from pathlib import Path

import jsonschema
import pytest

from qkdctl.config.packaged import packaged_scenarios
from qkdctl.config.reference import attributes, markdown
from qkdctl.config.schema import scenario_schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def validator():
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def table(name):
    return tomllib.loads(packaged_scenarios()[name].read_text())


@pytest.mark.parametrize("name", packaged_scenarios())
def test_every_packaged_scenario_has_the_form(validator, name):
    validator.validate(table(name))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t.pop("protocol"),
        lambda t: t.update(protocol="bb85"),
        lambda t: t.update(slot_herz=1.0),
        lambda t: t.update(key_basis_probability=1.5),
        lambda t: t["bob"].update(detectors=[]),
        lambda t: t["instruments"]["bob"]["tagger"].pop("driver"),
        lambda t: t["emulation"].update(nothing=1),
    ],
)
def test_what_the_loader_refuses_an_editor_underlines(validator, spoil):
    spoilt = table("demo")
    spoil(spoilt)
    assert list(validator.iter_errors(spoilt))


def test_the_reference_is_made_from_the_models():
    """Run ``python -m qkdctl.config.reference`` after changing a model."""
    assert (ROOT / "docs" / "configuration.md").read_text().endswith(markdown())


def test_meanings_come_from_docstrings():
    class Base:
        """A base.

        Attributes
        ----------
        one, two : int
            Both of
            these.
        """

    class Below(Base):
        """More.

        Attributes
        ----------
        three : {"a", "b"}
            A choice.

        Raises
        ------
        ValueError
            Never.
        """

    assert attributes(Below) == {"one": "Both of these.", "two": "Both of these.", "three": "A choice."}
