"""The document describes the server: what others make of it is answered as it says."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error  # noqa: F401 - loads the checks

from qkdctl.kme.openapi import document
from tests.kme.raw import Raw

SCHEMA = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def talk(link):
    """Send a case as SAE_A."""
    certificate, key, ca = map(str, link.files("SAE_A"))
    return lambda case: case.call(base_url=link.url("alice"), cert=(certificate, key), verify=ca)


@SCHEMA.parametrize()
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate],
          suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
def test_whatever_is_asked_the_answer_is_as_described(case, talk):
    response = talk(case)
    # 404 and 405 are HTTP's; every other answer is the document's.
    assert response.status_code in (200, 400, 401, 404, 405, 413, 503)
    if response.status_code not in (404, 405):
        case.validate_response(
            response, checks=[schemathesis.checks.CHECKS.get_one("response_schema_conformance")]
        )


def test_the_document_is_served(link):
    ask = Raw(link)
    assert ask("GET", "/openapi.json") == (200, json.loads(json.dumps(document())))
    ask.close()


def test_it_has_the_calls_and_formats_of_the_standard():
    calls = {f"{method} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert calls == {
        "get /api/v1/keys/{slave_SAE_ID}/status",
        "get /api/v1/keys/{slave_SAE_ID}/enc_keys",
        "post /api/v1/keys/{slave_SAE_ID}/enc_keys",
        "get /api/v1/keys/{master_SAE_ID}/dec_keys",
        "post /api/v1/keys/{master_SAE_ID}/dec_keys",
    }
    status = document()["components"]["schemas"]["Status"]
    assert set(status["required"]) >= {
        "source_KME_ID", "target_KME_ID", "master_SAE_ID", "slave_SAE_ID", "key_size", "stored_key_count",
        "max_key_count", "max_key_per_request", "max_key_size", "min_key_size", "max_SAE_ID_count",
    }  # fmt: skip
