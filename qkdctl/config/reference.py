"""The configuration reference, made from the models that validate a scenario and from their docstrings."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from drivers.configuration import InstrumentConfig
from qkdctl.config.calibration import CalibrationTable
from qkdctl.config.load import EMULATIONS, PROTOCOLS

BOUNDS = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "above"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "below"),
)
LENGTHS = (("minItems", "at least"), ("maxItems", "at most"))


def markdown() -> str:
    """Give the reference: a section for each table of a scenario file."""
    parts = []
    for protocol, kind in PROTOCOLS.items():
        parts += [f"## `{protocol}`\n", *_tables(kind, "")]
        parts += [f"## The emulated bench of `{protocol}`\n", *_tables(EMULATIONS[protocol], "emulation")]
    parts += ["## Instruments\n", *_tables(InstrumentConfig, "instruments.PARTY.ROLE")]
    parts += ["## Calibration\n", *_tables(CalibrationTable, "calibration")]
    return "\n".join(parts)


def _tables(kind: type, place: str) -> Iterator[str]:
    """A table of the keys of a model, then those of the models in it."""
    schema = TypeAdapter(kind).json_schema()
    meanings, hints = attributes(kind), get_type_hints(kind, include_extras=True)
    title = f"`[{place}]`" if place else "At the top"
    yield f"### {title}\n"
    if summary := (inspect.getdoc(kind) or "").partition("\n")[0]:
        yield f"{summary}\n"
    yield "| key | value | default | meaning |\n|---|---|---|---|"
    below = []
    for each in fields(kind):
        inner = _model(hints[each.name])
        if inner is not None:
            below.append((inner, f"{place}.{each.name}" if place else each.name))
        value = "a table" if inner else _value(schema["properties"][each.name])
        yield f"| `{each.name}` | {value} | {_default(each)} | {meanings.get(each.name, '')} |"
    yield ""
    for inner, name in below:
        yield from _tables(inner, name)


def attributes(kind: type) -> dict[str, str]:
    """Read what the docstrings of a class and its bases say of each attribute (numpydoc)."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(base.__doc__ or "").partition("Attributes\n----------\n")[2]
        text = re.split(r"\n\n\w+\n---", text)[0]
        for names, lines in re.findall(r"^(\w[^:\n]*) : [^\n]*\n((?:    [^\n]*\n?|\n)*)", text, re.MULTILINE):
            meaning = " ".join(lines.split())
            found |= {name.strip(): meaning for name in names.split(",")}
    return found


def _model(hint: Any) -> type | None:
    """The model in a field: itself, one or None, or a list of them."""
    if is_dataclass(hint) and isinstance(hint, type):
        return hint
    for inner in get_args(hint):
        if (found := _model(inner)) is not None:
            return found
    return None


def _value(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_value(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    limits = [f"{word} {schema[bound]:g}" for bound, word in BOUNDS if bound in schema]
    limits += [f"{word} {schema[bound]}" for bound, word in LENGTHS if bound in schema]
    name = {"array": "list", "object": "table", "boolean": "true or false"}.get(
        schema.get("type", ""), schema.get("type", "")
    )
    return ", ".join([name, *limits])


def _default(each: Any) -> str:
    if each.name == "protocol":
        return "required"  # the file must say it, though its model knows it
    if each.default is MISSING and each.default_factory is MISSING:
        return "required"
    value = each.default if each.default is not MISSING else each.default_factory()
    if value is None:
        return "none"
    within = value[0] if isinstance(value, tuple) and value else value
    return "see there" if is_dataclass(within) else f"`{json.dumps(value)}`"


if __name__ == "__main__":
    print(markdown(), end="")
