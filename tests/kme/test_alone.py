"""One KME without another serves its own applications: what a public suite for ETSI 014 asks of a single address."""

import base64
import json
import re

import pytest

from tests.kme.lab import Lab
from tests.kme.raw import Raw
from tests.kme.test_delivery import pause_until

SAES = ("SAE_A", "SAE_A2", "SAE_A3")
ENC, DEC, STATUS = "/api/v1/keys/SAE_A2/enc_keys", "/api/v1/keys/SAE_A/dec_keys", "/api/v1/keys/SAE_A2/status"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("alone"))
    lab.authority.issue("sae", "SAE_A3")
    lab.fill([1])
    text = re.sub(r"\[peer\].*?\n\n", "", lab.config("alice").read_text(), flags=re.DOTALL)
    lab.config("alice").write_text(text.replace("['SAE_A', 'SAE_A2']", str(list(SAES))))
    with lab.start("alice"), lab.client("SAE_A") as a:
        pause_until(lambda: a.status("SAE_A2")["stored_key_count"])
        yield lab


@pytest.fixture
def master(alone):
    ask = Raw(alone, "SAE_A")
    yield ask
    ask.close()


@pytest.fixture
def slave(alone):
    ask = Raw(alone, "SAE_A2")
    yield ask
    ask.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_is_given_and_collected(master, slave, method):
    status, given = master(method, ENC)
    assert (status, len(given["keys"])) == (200, 1)
    name = given["keys"][0]["key_ID"]
    if method == "GET":
        status, collected = slave("GET", f"{DEC}?key_ID={name}")
    else:
        status, collected = slave("POST", DEC, json.dumps({"key_IDs": [{"key_ID": name}]}))
    assert (status, collected) == (200, given)
    length = 8 * len(base64.b64decode(given["keys"][0]["key"]))
    assert length == master("GET", STATUS)[1]["key_size"]


def test_status_names_both_applications(master):
    status, answer = master("GET", STATUS)
    names = [answer[name] for name in ("master_SAE_ID", "slave_SAE_ID", "source_KME_ID", "target_KME_ID")]
    assert (status, names) == (200, ["SAE_A", "SAE_A2", "KME_A", "KME_A"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_third_application_gets_it_only_if_it_was_named(alone, master, method):
    third = Raw(alone, "SAE_A3")
    for more, expected in (([], 401), (["SAE_A3"], 200)):
        body = {"additional_slave_SAE_IDs": more} if more else {}
        _, given = master("POST", ENC, json.dumps(body))
        name = given["keys"][0]["key_ID"]
        if method == "GET":
            status, _ = third("GET", f"{DEC}?key_ID={name}")
        else:
            status, _ = third("POST", DEC, json.dumps({"key_IDs": given["keys"]}))
        assert status == expected
    third.close()


@pytest.mark.parametrize("name", ["size", "number"])
@pytest.mark.parametrize("value", ["0", "-8", "abc01"])
def test_numbers_that_are_none(master, name, value):
    wanted = int(value) if value.lstrip("-").isdigit() else value
    answers = [master("GET", f"{ENC}?{name}={value}"), master("POST", ENC, json.dumps({name: wanted}))]
    for status, error in answers:
        assert (status, list(error)) == (400, ["message"])


@pytest.mark.parametrize("names", [["stranger", " "], ["stranger"] * 2, ["SAE_A2"], ["SAE_A"]])
def test_additional_applications_that_cannot_be(master, names):
    status, error = master("POST", ENC, json.dumps({"additional_slave_SAE_IDs": names}))
    assert (status, list(error)) == (400, ["message"])


@pytest.mark.parametrize("sae", ["%20", "SAE_A"])
def test_an_address_of_nobody_or_of_oneself(master, sae):
    unknown = "9a1b5f0e-1c55-4b0e-8f3c-1b1f0e5d2c11"
    answers = [
        master("GET", f"/api/v1/keys/{sae}/enc_keys"),
        master("POST", f"/api/v1/keys/{sae}/enc_keys"),
        master("GET", f"/api/v1/keys/{sae}/dec_keys?key_ID={unknown}"),
        master("POST", f"/api/v1/keys/{sae}/dec_keys", json.dumps({"key_IDs": [{"key_ID": unknown}]})),
    ]
    for status, error in answers:
        assert (status, list(error)) == (400, ["message"])


def test_streams_among_its_own(alone):
    with alone.streams("SAE_A") as a, alone.streams("SAE_A2") as b:
        one = a.open("SAE_A", "SAE_A2")
        two = b.open("SAE_A2", "SAE_A", one.ksid)
        assert two.get(0).value == one.get(0).value
        assert one.get(1).value == two.get(1).value
