"""The form of a scenario file as JSON Schema, for editors that complete and check as one types.

Made from the same models that validate the file; what depends on several keys together (a proof's
assumptions, a driver's settings) is only checked when the file is read.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from qkdctl.config.calibration import CalibrationTable
from qkdctl.config.instruments import Instruments
from qkdctl.config.load import EMULATIONS, PROTOCOLS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def scenario_schema() -> dict[str, Any]:
    """Give the schema of all protocols' scenario files."""
    definitions: dict[str, Any] = {}
    kinds = {name: _kind(name, definitions) for name in PROTOCOLS}
    choices = [
        {"if": {"properties": {"protocol": {"const": name}}}, "then": kind} for name, kind in kinds.items()
    ]
    return {
        "$schema": DIALECT,
        "title": "A qkdctl scenario",
        "type": "object",
        "required": ["protocol"],
        "properties": {"protocol": {"enum": list(PROTOCOLS)}},
        "allOf": choices,
        "$defs": definitions,
    }


def _kind(protocol: str, definitions: dict[str, Any]) -> dict[str, Any]:
    whole = _schema(PROTOCOLS[protocol], protocol, definitions)
    whole["properties"] |= {
        "name": {"type": "string", "description": "What the scenario is called; its file's name by default."},
        "processes": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "string"}},
            "description": "Which stages share a process of this node: all of them, in order, in groups.",
        },
        "instruments": _schema(Instruments, "instruments", definitions),
        "calibration": _schema(CalibrationTable, "calibration", definitions),
        "emulation": _schema(EMULATIONS[protocol], f"{protocol}-bench", definitions),
    }
    whole["properties"]["protocol"] = {"const": protocol}
    return whole


def _schema(kind: Any, place: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Give a model's schema; the models in it go to `definitions`, under names of its own: two may be namesakes."""
    schema = TypeAdapter(kind).json_schema(ref_template=f"#/$defs/{place}-{{model}}")
    definitions |= {f"{place}-{name}": inner for name, inner in schema.pop("$defs", {}).items()}
    return schema
