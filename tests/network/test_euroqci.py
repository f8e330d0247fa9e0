"""EuroQCI: two domains exchange, void and fail keys by ETSI GS QKD 020."""

import json
import ssl
import urllib.error
import urllib.request
from uuid import uuid4

import pytest

from qkdctl.kme.client import KmeClient, KmeError, KmeRefused
from qkdctl.network.border_words import ACK, EXT_KEYS, VERSIONS, VOID
from tests.network.lab import Network, packaged

ABROAD = {"steinfort", "belval", "mersch", "kirchberg"}


AT_THE_BORDER = ("BANK_STEINFORT", "POST_STEINFORT")
AT_ANOTHER_NODE = ("EC_KIRCHBERG", "COURT_KIRCHBERG")


@pytest.fixture(scope="module")
def europe(tmp_path_factory):
    """The network, with applications at the nodes of the border beside."""
    text = packaged("euroqci", speed=40)
    for place, saes in (
        ('steinfort = { domain = "luxembourg"', AT_THE_BORDER),
        ('arlon = { domain = "belgium"', ("DESK_ARLON",)),
    ):
        text = text.replace(place, f"{place}, saes = {list(saes)}")
    with Network(text, tmp_path_factory.mktemp("euroqci")) as network:
        yield network


def test_a_key_crosses_the_border_over_two_ways_on_each_side(europe):
    keys = europe.wait_for_key("EC_BRUSSELS", "EC_KIRCHBERG", 2)
    with europe.client("EC_KIRCHBERG") as kme:
        theirs = kme.get_keys_by_id("EC_BRUSSELS", [key.id for key in keys])
    assert [key.value for key in theirs] == [key.value for key in keys]
    for mine, other in ((keys[0], "luxembourg"), (theirs[0], "belgium")):
        paths = mine.extension["qkdctl_paths"]
        assert len(paths) == 2
        assert not set(paths[0][1:-1]) & set(paths[1][1:-1])
        assert mine.extension["qkdctl_other_domain"] == other
    assert not {node for path in keys[0].extension["qkdctl_paths"] for node in path} & ABROAD
    assert {node for path in theirs[0].extension["qkdctl_paths"] for node in path} <= ABROAD


@pytest.mark.parametrize("slaves", [AT_THE_BORDER, AT_ANOTHER_NODE, (*AT_ANOTHER_NODE, *AT_THE_BORDER)])
def test_applications_at_one_node_abroad_share_a_key(europe, slaves):
    europe.wait_for_key("EC_BRUSSELS", slaves[0])
    (key,) = europe.wait_for_key("EC_BRUSSELS", slaves[0], additional=slaves[1:], within_s=20)
    for sae in slaves:
        with europe.client(sae) as kme:
            (theirs,) = kme.get_keys_by_id("EC_BRUSSELS", [key.id])
            assert theirs.value == key.value
            with pytest.raises(KmeRefused, match="not found"):
                kme.get_keys_by_id("EC_BRUSSELS", [key.id])


def test_hybrid_is_kept_on_both_sides(europe):
    (key,) = europe.wait_for_key("EC_KIRCHBERG", "HOSPITAL_LIEGE", mandatory={"qkdctl_hybrid": "required"})
    with europe.client("HOSPITAL_LIEGE") as kme:
        (theirs,) = kme.get_keys_by_id("EC_KIRCHBERG", [key.id])
    assert theirs.value == key.value
    assert key.extension["qkdctl_made_of"] == theirs.extension["qkdctl_made_of"] == ["QKD", "ML-KEM-768"]


@pytest.mark.parametrize("kem", ["ML-KEM-768", "ML-KEM-1024"])
@pytest.mark.parametrize(
    ("master", "slave"),
    [
        ("EC_KIRCHBERG", "HOSPITAL_LIEGE"),
        ("BANK_STEINFORT", "HOSPITAL_LIEGE"),
        ("EC_KIRCHBERG", "DESK_ARLON"),
    ],
)
def test_the_share_that_is_asked_for_is_had_wherever_the_key_goes(europe, master, slave, kem):
    (key,) = europe.wait_for_key(master, slave, mandatory={"qkdctl_hybrid": {"kem": kem}})
    with europe.client(slave) as kme:
        (theirs,) = kme.get_keys_by_id(master, [key.id])
    assert theirs.value == key.value
    assert key.extension["qkdctl_made_of"] == theirs.extension["qkdctl_made_of"] == ["QKD", kem]


def test_a_key_that_goes_nowhere_but_over_the_border_has_no_share(europe):
    europe.wait_for_key("BANK_STEINFORT", "DESK_ARLON")
    with europe.client("BANK_STEINFORT") as kme, pytest.raises(KmeRefused, match="failed"):
        kme.get_keys("DESK_ARLON", mandatory={"qkdctl_hybrid": "required"})


@pytest.mark.parametrize("wanted", [{"qkdctl_route_type": "direct"}, {"qkdctl_max_age": 10**6}])
@pytest.mark.parametrize("master", ["BANK_STEINFORT", "EC_KIRCHBERG"])
def test_what_another_domain_cannot_be_asked_is_refused_and_not_passed_over(europe, master, wanted):
    europe.wait_for_key(master, "HOSPITAL_LIEGE", optional=wanted)
    with europe.client(master) as kme, pytest.raises(KmeRefused, match="could be met") as refused:
        kme.get_keys("HOSPITAL_LIEGE", mandatory=wanted)
    assert refused.value.status == 400


def test_neither_domain_is_told_of_the_others_inner_nodes(europe):
    for name, spec in europe.specs.items():
        text = (spec.path / "node.json").read_text()
        home = europe.topology.nodes[name].domain
        inner = {
            other
            for other, place in europe.topology.nodes.items()
            if place.domain != home and other not in ("arlon", "steinfort")
        }
        assert not [other for other in inner if other in text.replace("EC_KIRCHBERG", "")], name
        beyond = {"belgium": "steinfort", "luxembourg": "arlon"}[home]
        assert (f'"{beyond}"' in text) == (name in ("arlon", "steinfort"))


def test_a_certificate_of_one_domain_is_nothing_in_the_other(europe):
    certificate, key, _ = europe.files("EC_BRUSSELS")
    _, _, ca = europe.files("EC_KIRCHBERG")
    with pytest.raises(KmeError), KmeClient(europe.url("kirchberg"), certificate, key, ca) as kme:
        kme.status("EC_BRUSSELS")


def test_what_does_not_arrive_abroad_reaches_nobody(europe):
    europe.wait_for_key("EC_BRUSSELS", "EC_KIRCHBERG")
    europe.cut("belval-kirchberg")
    try:
        # One way is left over there, and two are demanded.
        with europe.client("EC_BRUSSELS") as kme, pytest.raises(KmeRefused) as refused:
            kme.get_keys("EC_KIRCHBERG")
        assert refused.value.status == 503
        assert "luxembourg answers: failed" in refused.value.message
        assert not ABROAD & set(refused.value.message.split())
    finally:
        europe.heal("belval-kirchberg")
    europe.wait_for_key("EC_BRUSSELS", "EC_KIRCHBERG")


class Call:
    """The calls of 020, as arlon makes them at steinfort."""

    def __init__(self, europe):
        (self.spec,) = [one for one in europe.specs["arlon"].borders if one.node == "arlon"]
        home = europe.layout.node("arlon")
        self.context = ssl.create_default_context(cafile=self.spec.ca)
        self.context.load_cert_chain(home / "kme.crt", home / "kme.key")

    def __call__(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.spec.peer_url + path, data, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=20) as response:
                return response.status, json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@pytest.fixture
def call(europe):
    return Call(europe)


@pytest.fixture
def acks(europe, monkeypatch):
    """What arlon is told of keys."""
    heard = []
    (border,) = europe.nodes["arlon"].borders.values()
    hear = border.heard
    monkeypatch.setattr(border, "heard", lambda acks: (heard.extend(acks), hear(acks)))
    return heard


KEY = {
    "key_id": "bc490419-7d60-487f-adc1-4ddcc177c139",
    "value": "wHHVxRwDJs3/bXd38GHP3oe4svTuRpZS0yCC7x4Ly+s=",
}


def message(europe, key_ids=None, **more):
    (spec,) = [one for one in europe.specs["arlon"].borders if one.node == "arlon"]
    body = {
        "initiator_sae_id": "EC_BRUSSELS",
        "target_sae_ids": ["COURT_KIRCHBERG"],
        "ack_callback_url": spec.url + ACK,
    }
    return body | ({"key_ids": [{"key_id": name} for name in key_ids]} if key_ids else {"keys": [KEY]}) | more


def test_versions(call):
    assert call(VERSIONS) == (200, {"versions": ["v1"]})


def test_a_key_from_elsewhere_arrives_is_acknowledged_and_can_be_voided(europe, call, acks):
    europe.wait_for_key("EC_KIRCHBERG", "EC_BRUSSELS")
    assert call(EXT_KEYS, message(europe)) == (202, {})
    europe.until(lambda: acks)
    assert [(ack.ack_status, ack.target_sae_id) for ack in acks] == [("relayed", "COURT_KIRCHBERG")]
    assert call(EXT_KEYS, message(europe))[0] == 400
    assert call(VOID + "?all_confirmation=true", message(europe, [KEY["key_id"]])) == (202, {})
    europe.until(lambda: len(acks) == 2)
    assert acks[1].ack_status == "voided"
    with europe.client("COURT_KIRCHBERG") as kme, pytest.raises(KmeRefused, match="not found"):
        kme.get_keys_by_id("EC_BRUSSELS", [KEY["key_id"]])


def test_what_was_collected_or_never_came_is_not_called_voided(europe, call, acks):
    (key,) = europe.wait_for_key("EC_BRUSSELS", "COURT_KIRCHBERG")
    with europe.client("COURT_KIRCHBERG") as kme:
        kme.get_keys_by_id("EC_BRUSSELS", [key.id])
    acks.clear()
    call(VOID, message(europe, [key.id, "bc490419-7d60-487f-adc1-000000000000"]))
    europe.until(lambda: len(acks) == 2)
    assert [ack.ack_status for ack in acks] == ["failed to void", "key not present"]


@pytest.mark.parametrize("slaves", [AT_THE_BORDER, AT_ANOTHER_NODE])
def test_what_one_of_two_has_collected_is_not_called_voided(europe, call, acks, slaves):
    (key,) = europe.wait_for_key("EC_BRUSSELS", slaves[0], additional=slaves[1:], within_s=20)
    with europe.client(slaves[0]) as kme:
        kme.get_keys_by_id("EC_BRUSSELS", [key.id])
    acks.clear()
    call(VOID, message(europe, [key.id], target_sae_ids=slaves))
    europe.until(lambda: len(acks) == 2)
    assert [(ack.ack_status, ack.target_sae_id) for ack in acks] == [
        ("failed to void", sae) for sae in slaves
    ]
    with europe.client(slaves[1]) as kme, pytest.raises(KmeRefused, match="not found"):
        kme.get_keys_by_id("EC_BRUSSELS", [key.id])


@pytest.mark.parametrize("sae", [AT_THE_BORDER[0], AT_ANOTHER_NODE[0]])
def test_a_name_that_was_voided_is_not_given_again(europe, call, acks, sae):
    europe.wait_for_key("EC_KIRCHBERG", "EC_BRUSSELS")
    key = KEY | {"key_id": str(uuid4())}
    told = message(europe, keys=[key], target_sae_ids=[sae, sae])
    for number, (path, body, status) in enumerate(
        [
            (EXT_KEYS, told, "relayed"),
            (VOID, message(europe, [key["key_id"]], target_sae_ids=[sae]), "voided"),
            (EXT_KEYS, told, "failed"),
        ]
    ):
        assert call(path, body) == (202, {})
        europe.until(lambda seen=number: len(acks) > seen, within_s=20)
        assert [ack.ack_status for ack in acks[number:]] == [status]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"target_sae_ids": ["HOSPITAL_LIEGE"]}, "not passed back"),
        ({"target_sae_ids": ["NOBODY"]}, "no SAE"),
        ({"target_sae_ids": []}, "expected at least one"),
        ({"initiator_sae_id": "EC_KIRCHBERG"}, "no SAE of the domain"),
        ({"extension_mandatory": {"their_own": 1}}, "not all extension_mandatory parameters are supported"),
        ({"ack_callback_url": "https://localhost:1/elsewhere"}, "expected"),
        ({"keys": [KEY | {"value": "###"}]}, "not base64"),
        ({"keys": []}, "expected 1 to"),
        ({"keys": [KEY, KEY]}, "here already"),
        ({"keys": 7}, "expected keys to hand over"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(europe, call, more, words):
    status, body = call(EXT_KEYS, message(europe) | more)
    assert status == 400
    assert words in body["message"]
