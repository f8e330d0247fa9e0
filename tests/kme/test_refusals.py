"""Every request that gets no key is told why, in the standard's words where it has them."""

import json
import uuid

import pytest

from qkdctl.kme.client import KmeRefused
from tests.kme.lab import Lab
from tests.kme.raw import Raw

ENC, DEC, STATUS = (f"/api/v1/keys/SAE_B/{call}" for call in ("enc_keys", "dec_keys", "status"))
NOWHERE = str(uuid.uuid4())
NOT_FOUND = "one or more keys specified are not found on KME"
UNSUPPORTED = "not all extension_mandatory parameters are supported"
NOT_MET = "not all extension_mandatory request options could be met"


@pytest.fixture
def ask(link):
    raw = Raw(link)
    yield raw
    raw.close()


@pytest.mark.parametrize("size", [1, 7, 255, 257, 9999])
def test_a_size_that_is_no_multiple_of_8(ask, size):
    expected = (400, {"message": "size shall be a multiple of 8"})
    assert ask("POST", ENC, json.dumps({"size": size})) == expected
    assert ask("GET", f"{ENC}?size={size}") == expected


@pytest.mark.parametrize(("body", "words"), [
    ({"size": 56}, "size is 56, expected 64 to 8192"),
    ({"size": 8200}, "size is 8200, expected 64 to 8192"),
    ({"size": 0}, "size is 0, expected"),
    ({"size": -8}, "size is -8, expected"),
    ({"size": 8 * 10**30}, "expected"),
    ({"number": 0}, "number is 0, expected 1 to 128"),
    ({"number": -1}, "number is -1, expected 1 to 128"),
    ({"number": 129}, "number is 129, expected 1 to 128"),
    ({"number": "1"}, "the body is not a Key request: Expected `int | null`, got `str`"),
    ({"number": True}, "the body is not a Key request"),
    ({"number": 1.5}, "the body is not a Key request"),
    ({"size": [256]}, "the body is not a Key request"),
    ({"additional_slave_SAE_IDs": ["SAE_A"]}, "the slave SAE is the caller itself"),
    ({"additional_slave_SAE_IDs": ["SAE_X"]}, "there is no SAE 'SAE_X'"),
    ({"additional_slave_SAE_IDs": ["SAE_B2"] * 9}, "9 additional_slave_SAE_IDs are named, expected at most 8"),
    ({"additional_slave_SAE_IDs": ["SAE_B"]}, "a slave SAE is named twice"),
    ({"additional_slave_SAE_IDs": ["SAE_B2", "SAE_A2", "SAE_B2"]}, "a slave SAE is named twice"),
    ({"additional_slave_SAE_IDs": "SAE_B2"}, "the body is not a Key request"),
    ({"extension_mandatory": "x"}, "the body is not a Key request"),
    ([], "the body is not a Key request"),
    ("text", "the body is not a Key request"),
])  # fmt: skip
def test_a_key_request_that_cannot_be_met(ask, body, words):
    status, error = ask("POST", ENC, json.dumps(body))
    assert status == 400
    assert words in error["message"]
    assert list(error) == ["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nothing", b"[" * 5000, b'{"size": 1e400}', b"{} {}"])
def test_a_body_that_is_no_json(ask, body):
    status, error = ask("POST", ENC, body)
    assert status == 400
    assert error["message"].startswith("the body is not a Key request: ")


@pytest.mark.parametrize("query", ["number=x", "number=", "number=1.0", "size=%20", "number=" + "9" * 5000,
                                   "number=--5", "size=---1", "size=%C2%B2",
                                   "additional_slave_SAE_IDs=SAE_B2", "extension_mandatory=x", "other=1"])  # fmt: skip
def test_a_query_that_makes_no_sense(ask, query):
    status, error = ask("GET", f"{ENC}?{query}")
    assert status == 400
    assert "expected a whole number" in error["message"] or "a GET takes number and size" in error["message"]


@pytest.mark.parametrize("body", [None, b"", b"  ", b"{}", b'{"number": null, "size": null}',
                                  b'{"extension_optional": [], "extension_mandatory": []}'])  # fmt: skip
def test_a_request_for_nothing_in_particular_gets_the_defaults(ask, body):
    status, container = ask("POST", ENC, body)
    assert status == 200
    assert len(container["keys"]) == 1


def test_a_body_of_any_type_is_read(ask):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask("POST", ENC, b'{"number": 2}', headers)[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/keys/SAE_X/enc_keys", "/api/v1/keys/SAE_X/status",
                                  "/api/v1/keys/sae_b/enc_keys", "/api/v1/keys/SAE_B%20/enc_keys"])  # fmt: skip
def test_a_slave_that_nobody_knows(ask, path):
    status, error = ask("GET", path)
    assert status == 400
    assert error["message"].startswith("there is no SAE ")


@pytest.mark.parametrize("call", ["enc_keys", "status"])
def test_a_slave_that_is_the_caller(ask, call):
    status, error = ask("GET", f"/api/v1/keys/SAE_A/{call}")
    assert (status, error["message"]) == (400, "the slave SAE is the caller itself; name another one")


def test_mandatory_extensions_that_nobody_knows(ask):
    body = {"extension_mandatory": [{"qkdctl_max_age": 1e6}, {"other_thing": 1}]}
    assert ask("POST", ENC, json.dumps(body)) == (
        400,
        {"message": UNSUPPORTED, "details": [{"extension_mandatory_unsupported": "other_thing"}]},
    )


@pytest.mark.parametrize("extension", [
    {"qkdctl_route_type": "relayed"}, {"qkdctl_max_age": "old"}, {"qkdctl_max_age": -1},
    {"qkdctl_hybrid": {"kem": "RSA"}}, {"qkdctl_hybrid": 7},
])  # fmt: skip
def test_mandatory_extensions_that_cannot_be_met(ask, extension):
    status, error = ask("POST", ENC, json.dumps({"extension_mandatory": [extension]}))
    assert (status, error["message"]) == (400, NOT_MET)
    assert list(error["details"][0]) == list(extension)
    assert ask("POST", ENC, json.dumps({"extension_optional": [extension, {"other_thing": 1}]}))[0] == 200


def test_key_that_is_too_old_is_not_given(ask):
    assert ask("POST", ENC, json.dumps({"extension_mandatory": [{"qkdctl_max_age": 1e6}]}))[0] == 200
    status, _ = ask("POST", ENC, json.dumps({"extension_mandatory": [{"qkdctl_max_age": 0}]}))
    assert status == 503


@pytest.mark.parametrize(("master", "slave"), [("SAE_A", "SAE_B"), ("SAE_B", "SAE_A")])
def test_an_age_that_no_key_has_is_passed_over_where_it_is_optional(link, master, slave):
    with link.client(master) as client, link.client(slave) as other:
        keys = client.get_keys(slave, 2, optional={"qkdctl_max_age": 0})
        assert len(other.get_keys_by_id(master, [key.id for key in keys])) == 2
        with pytest.raises(KmeRefused, match="too little key"):
            client.get_keys(slave, mandatory={"qkdctl_max_age": 0}, optional={"qkdctl_max_age": 0})


def ids(*names):
    return json.dumps({"key_IDs": [{"key_ID": name} for name in names]})


@pytest.mark.parametrize(("body", "words"), [
    (ids(NOWHERE), NOT_FOUND),
    (ids("no UUID"), NOT_FOUND),
    (ids(""), NOT_FOUND),
    (ids(), "key_IDs is empty"),
    (ids(NOWHERE, NOWHERE), "names a key twice"),
    (ids(NOWHERE, NOWHERE.upper()), "names a key twice"),
    (ids(*(str(uuid.uuid4()) for _ in range(129))), "129 keys are asked for, expected at most 128"),
    ("{}", "the body is not Key IDs"),
    ("", "the body is not Key IDs"),
    (json.dumps({"key_IDs": [NOWHERE]}), "the body is not Key IDs"),
    (json.dumps({"key_IDs": [{"key_ID": 5}]}), "the body is not Key IDs"),
    (json.dumps({"key_IDs": NOWHERE}), "the body is not Key IDs"),
])  # fmt: skip
def test_key_ids_that_bring_nothing(ask, body, words):
    status, error = ask("POST", DEC, body)
    assert status == 400
    assert words in error["message"]


@pytest.mark.parametrize("query", ["", "?key_ID=x&key_ID=y", "?key_id=x", f"?key_ID={NOWHERE}&number=1"])
def test_a_get_for_a_key_takes_one_id(ask, query):
    status, error = ask("GET", DEC + query)
    assert status == 400
    assert error["message"].startswith("a GET takes one key_ID and nothing else")


def test_a_key_is_got_by_its_id_in_any_spelling_and_with_anything_beside_it(link):
    with link.client("SAE_A") as a:
        first, second = a.get_keys("SAE_B", 2)
    collect = Raw(link, "SAE_B", "bob")
    path = "/api/v1/keys/SAE_A/dec_keys"
    status, container = collect("GET", f"{path}?key_ID={first.id.upper()}")
    assert (status, container["keys"][0]["key_ID"]) == (200, first.id)
    item = {"key_ID": second.id, "key": "AAAA", "key_ID_extension": {}}
    body = json.dumps({"key_IDs": [item], "key_IDs_extension": {}})
    assert collect("POST", path, body)[0] == 200
    collect.close()


def test_one_key_that_is_not_there_keeps_all_others(link):
    with link.client("SAE_A") as a, link.client("SAE_B") as b:
        (key,) = a.get_keys("SAE_B")
        with pytest.raises(KmeRefused, match=NOT_FOUND):
            b.get_keys_by_id("SAE_A", [key.id, NOWHERE])
        assert b.get_keys_by_id("SAE_A", [key.id])[0].value == key.value


def test_a_key_is_only_for_those_who_were_named(link):
    with link.client("SAE_A") as a, link.client("SAE_B") as b, link.client("SAE_B2") as other:
        (key,) = a.get_keys("SAE_B")
        with link.client("SAE_A2") as beside:
            for wrong in (other, a, beside):
                with pytest.raises(KmeRefused) as refused:
                    wrong.get_keys_by_id("SAE_A", [key.id])
                assert refused.value.status == 401
        with pytest.raises(KmeRefused, match=NOT_FOUND):
            b.get_keys_by_id("SAE_A2", [key.id])
        assert b.get_keys_by_id("SAE_A", [key.id])


@pytest.mark.parametrize(("method", "path", "expected"), [
    ("GET", "/", 404), ("GET", "/api/v1/keys", 404), ("GET", "/api/v1/keys//status", 404),
    ("GET", "/api/v2/keys/SAE_B/status", 404), ("POST", STATUS, 405), ("DELETE", ENC, 405), ("PUT", DEC, 405),
])  # fmt: skip
def test_what_the_standard_does_not_have(ask, method, path, expected):
    status, error = ask(method, path)
    assert status == expected
    assert error["message"]
    assert ("Allow" in ask.headers) == (expected == 405)


@pytest.mark.parametrize("path", [ENC, DEC])
def test_a_head_takes_no_key(ask, link, path):
    with link.client("SAE_A") as a:
        before = a.status("SAE_B")["stored_key_count"]
        assert ask("HEAD", path)[0] == 405
        assert a.status("SAE_B")["stored_key_count"] == before


def test_a_body_that_is_too_long(ask):
    status, error = ask("POST", ENC, b" " * 65537)
    assert (status, error["message"]) == (413, "the body has 65537 bytes, expected at most 65536")


def test_more_than_the_rate_is_refused_for_a_while(tmp_path):
    lab = Lab(tmp_path, limits="bits_per_s = 1.0\nrequests_per_s = 1000.0")
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_A2") as other:
        a.get_keys("SAE_B", 3)
        with pytest.raises(KmeRefused, match="more than its rate"):
            a.get_keys("SAE_B", 3)
        assert other.get_keys("SAE_B", 3)


def test_more_than_may_wait_is_refused_until_some_are_collected(tmp_path):
    lab = Lab(tmp_path, limits="max_waiting_keys = 5")
    lab.fill()
    with lab.start(), lab.client("SAE_A") as a, lab.client("SAE_B") as b:
        keys = a.get_keys("SAE_B", 5)
        with pytest.raises(KmeRefused, match="too many keys wait") as refused:
            a.get_keys("SAE_B", 1)
        assert refused.value.status == 503
        b.get_keys_by_id("SAE_A", [keys[0].id])
        assert a.get_keys("SAE_B", 1)
