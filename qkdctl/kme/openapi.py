"""The calls as an OpenAPI document, made from the data formats themselves."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from qkdctl.kme.messages import KeyContainer, KeyIds, KeyRequest, Status


class Error(msgspec.Struct, frozen=True, omit_defaults=True):
    """Error (clause 6.5)."""

    message: str
    details: list[dict[str, Any]] = []


_FORMATS = {
    "Status": Status,
    "KeyRequest": KeyRequest,
    "KeyContainer": KeyContainer,
    "KeyIDs": KeyIds,
    "Error": Error,
}
_JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """Give the document, OpenAPI 3.1."""
    _, schemas = msgspec.json.schema_components(_FORMATS.values(), ref_template="#/components/schemas/{name}")
    keys = "/api/v1/keys"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "qkdctl KME",
            "version": "1.1.1",
            "description": "Key delivery over ETSI GS QKD 014 V1.1.1; TLS 1.3, certificates on both sides.",
        },
        "paths": {
            f"{keys}/{{slave_SAE_ID}}/status": {"get": _call("Get status", "slave_SAE_ID", "Status")},
            f"{keys}/{{slave_SAE_ID}}/enc_keys": {
                "get": _call("Get key", "slave_SAE_ID", "KeyContainer", query=("number", "size")),
                "post": _call("Get key", "slave_SAE_ID", "KeyContainer", body="KeyRequest"),
            },
            f"{keys}/{{master_SAE_ID}}/dec_keys": {
                "get": _call("Get key with key IDs", "master_SAE_ID", "KeyContainer", query=("key_ID",)),
                "post": _call("Get key with key IDs", "master_SAE_ID", "KeyContainer", body="KeyIds"),
            },
        },
        "components": {"schemas": schemas, "securitySchemes": {"certificate": {"type": "mutualTLS"}}},
        "security": [{"certificate": []}],
    }


def _call(
    summary: str, sae: str, answer: str, *, query: tuple[str, ...] = (), body: str = ""
) -> dict[str, Any]:
    call: dict[str, Any] = {
        "summary": summary,
        "parameters": [
            {"name": sae, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},
            *map(_query, query),
        ],
        "responses": {
            "200": _answer("done", answer),
            "400": _answer("the request cannot be met as it is", "Error"),
            "401": _answer("the caller may not have this", "Error"),
            "413": _answer("the body is too long", "Error"),
            "503": _answer("not now", "Error"),
        },
    }
    if body:
        content = {_JSON: {"schema": {"$ref": f"#/components/schemas/{body}"}}}
        call["requestBody"] = {"content": content, "required": body == "KeyIds"}
    return call


def _query(name: str) -> dict[str, Any]:
    if name == "key_ID":
        return {"name": name, "in": "query", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1}}


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}
