"""Who shows the wrong certificate gets nothing, and the audit log says so."""

import json
import socket
import ssl
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from qkdctl.errors import KmeError, RecordingError
from qkdctl.keystore.audit import entries, verify
from qkdctl.kme import auditor
from qkdctl.kme.ca import Authority
from qkdctl.kme.client import KmeClient, KmeRefused
from qkdctl.kme.identity import identify, urn
from qkdctl.kme.refusal import PEER_DOWN
from qkdctl.kme.revocation import RevocationList
from tests.kme.lab import Lab
from tests.kme.raw import Raw
from tests.kme.test_delivery import pause_until


def refusals(lab, party="alice"):
    with lab.store(party) as store, store.transaction() as connection:
        verify(connection)
        return [(row["why"], row.get("who")) for row in entries(connection) if row["event"] == "refused"]


@pytest.fixture
def filled(lab):
    lab.fill()
    return lab


def unanswered(lab, *files, key_id=None):
    """Nothing comes back over TLS, whatever is asked."""
    with KmeClient(lab.url("alice"), *files) as client:
        for call in (client.status, client.get_keys):
            with pytest.raises(KmeError, match="no answer"):
                call("SAE_B")


def test_an_expired_certificate(filled):
    past = Authority(filled.pki, datetime.now(UTC) - timedelta(days=3))
    past.issue("sae", "SAE_old", days=1)
    with filled.start():
        unanswered(filled, *filled.files("SAE_old"))
    assert refusals(filled) == [("TLS: certificate has expired", None)] * 2


def test_a_certificate_of_another_ca(filled, tmp_path):
    Authority(tmp_path / "other").issue("sae", "SAE_A")
    files = (tmp_path / "other" / "SAE_A.crt", tmp_path / "other" / "SAE_A.key", filled.pki / "ca.crt")
    with filled.start():
        unanswered(filled, *files)
    assert {why for why, _ in refusals(filled)} <= {
        "TLS: unable to get local issuer certificate",
        "TLS: certificate signature failure",
        "TLS: self-signed certificate in certificate chain",
    }
    assert len(refusals(filled)) == 2


def test_no_certificate(filled):
    with filled.start():
        context = ssl.create_default_context(cafile=filled.pki / "ca.crt")
        with suppress(OSError):
            assert speak(context, filled.ports["alice"]) == b""
    assert refusals(filled) == [("TLS: peer did not return a certificate", None)]


def speak(context, port):
    with (
        socket.create_connection(("localhost", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /api/v1/keys/SAE_B/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return secure.recv(1000)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2])
def test_an_older_tls(filled, version):
    with filled.start():
        context = ssl.create_default_context(cafile=filled.pki / "ca.crt")
        context.load_cert_chain(*filled.files("SAE_A")[:2])
        context.maximum_version = version
        with pytest.raises(ssl.SSLError):
            speak(context, filled.ports["alice"])


def test_an_older_tls_where_the_file_allows_it(tmp_path):
    lab = Lab(tmp_path, 'lab = true\noldest_tls = "1.2"')
    lab.fill()
    context = ssl.create_default_context(cafile=lab.pki / "ca.crt")
    context.load_cert_chain(*lab.files("SAE_A")[:2])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with lab.start():
        assert speak(context, lab.ports["alice"]).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises(ssl.SSLError):
            speak(context, lab.stream_ports["alice"])
        with lab.client("SAE_A") as client:
            assert client.get_keys("SAE_B")


def test_a_certificate_that_is_revoked_even_on_a_connection_that_is_open(filled):
    with filled.start(), filled.client("SAE_A") as client:
        (key,) = client.get_keys("SAE_B")
        filled.authority.revoke("SAE_A")
        filled.authority.revoke("SAE_B")
        pause_until(lambda: status_of(client) == 401)
        with pytest.raises(KmeRefused, match="the certificate was revoked"):
            client.get_keys("SAE_B")
        with filled.client("SAE_B") as other:
            pause_until(lambda: status_of(other, "SAE_A") == 401)
            with pytest.raises(KmeRefused, match="was revoked"):
                other.get_keys_by_id("SAE_A", [key.id])
    assert ("the certificate was revoked", "sae SAE_A") in refusals(filled)
    assert ("the certificate was revoked", "sae SAE_B") in refusals(filled, "bob")


def test_a_key_server_whose_certificate_is_revoked_is_told_nothing_either(filled):
    """Even on a connection that is open: Alice's KME cuts nothing any more for Bob's."""
    with filled.start(), filled.client("SAE_A") as client:
        assert client.get_keys("SAE_B")
        filled.authority.revoke("KME_B")
        pause_until(lambda: refusal_of(client) == f"503 {PEER_DOWN}")
        before = client.status("SAE_B")["stored_key_count"]
        for _ in range(3):
            assert refusal_of(client) == f"503 {PEER_DOWN}"
        assert client.status("SAE_B")["stored_key_count"] == before > 0


def refusal_of(client):
    try:
        client.get_keys("SAE_B")
    except KmeRefused as refused:
        return f"{refused.status} {refused.message}"
    return ""


def status_of(client, slave="SAE_B"):
    try:
        client.status(slave)
    except KmeRefused as refused:
        return refused.status
    return 200


def test_the_certificate_of_an_sae_that_is_not_served_here(filled):
    filled.authority.issue("sae", "SAE_X")
    with filled.start():
        for sae in ("SAE_X", "SAE_B"):
            with filled.client(sae, "alice") as client, pytest.raises(KmeRefused) as refused:
                client.get_keys("SAE_B2")
            assert refused.value.status == 401
            assert refused.value.message == "this KME does not serve the SAE that the certificate names"
    assert [who for _, who in refusals(filled)] == ["sae SAE_X", "sae SAE_B"]


def test_the_certificate_of_another_sae(filled):
    with filled.start(), filled.client("SAE_A") as a, filled.client("SAE_B2") as wrong:
        (key,) = a.get_keys("SAE_B")
        with pytest.raises(KmeRefused, match="the caller is not among the SAEs") as refused:
            wrong.get_keys_by_id("SAE_A", [key.id])
        assert refused.value.status == 401
    assert refusals(filled, "bob") == [
        ("the caller is not among the SAEs that the keys are for", "sae SAE_B2")
    ]


def test_a_key_server_is_no_application_and_an_application_no_key_server(filled):
    with filled.start():
        ask = Raw(filled, "KME_B")
        assert ask("GET", "/api/v1/keys/SAE_B/status")[0] == 401
        ask.close()
        ask = Raw(filled, "SAE_A")
        for call in ("match", "grants", "wishes", "held", "streams"):
            assert ask("POST", f"/qkdctl/v1/{call}", b"")[0] == 401
        ask.close()


def test_a_client_accepts_the_key_server_that_it_expects(filled):
    with filled.start():
        with filled.client("SAE_A", kme_id="KME_A") as client:
            assert client.status("SAE_B")
        with (
            filled.client("SAE_A", kme_id="KME_B") as client,
            pytest.raises(KmeError, match="is for the KME KME_A, expected the KME KME_B"),
        ):
            client.status("SAE_B")


@pytest.mark.parametrize(("kind", "name", "words"), [
    ("kme", "KME_C", "is for the KME 'KME_C', expected the KME 'KME_A'"),
    ("sae", "SAE_X", "is for the SAE 'SAE_X', expected the KME 'KME_A'"),
])  # fmt: skip
def test_a_key_server_does_not_start_under_another_name(filled, kind, name, words):
    filled.authority.issue(kind, name, ["localhost"])
    text = filled.config("alice").read_text().replace("pki/KME_A", f"pki/{name}")
    filled.config("alice").write_text(text)
    with pytest.raises(RecordingError, match=words), filled.start("alice"):
        pass


def test_a_certificate_with_a_common_name_only(filled):
    """As most CAs make them: a common name, and the host."""
    key, certificate = filled.files("KME_A")[1], filled.files("KME_A")[0]
    ca = ["-CA", filled.pki / "ca.crt", "-CAkey", filled.pki / "ca.key", "-key", key, "-out", certificate]
    names = ["-subj", "/CN=KME_A", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    command = ["openssl", "req", "-new", "-x509", *names, *ca]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    with filled.start(), filled.client("SAE_A", kme_id="KME_A") as client:
        pause_until(lambda: client.status("SAE_B")["stored_key_count"])
        assert client.get_keys("SAE_B")


def test_a_key_server_that_is_not_the_expected_peer_gets_nothing(filled):
    """Bob's address answers as somebody else: Alice's KME shares nothing with it."""
    filled.authority.issue("kme", "KME_C", ["localhost"])
    text = (
        filled.config("bob")
        .read_text()
        .replace("pki/KME_B", "pki/KME_C")
        .replace('id = "KME_B"', 'id = "KME_C"')
    )
    filled.config("bob").write_text(text)
    with (
        filled.start(),
        filled.client("SAE_A") as client,
        pytest.raises(KmeRefused, match="cannot be reached"),
    ):
        client.get_keys("SAE_B")


def test_a_flood_of_refusals_does_not_fill_the_log(filled, monkeypatch):
    """Of 400, ten are noted and one each second, which is how long it takes."""
    monkeypatch.setattr(auditor, "MOST_PER_S", 1.0)
    began_s = monotonic()
    with filled.start():
        ask = Raw(filled, "SAE_B")
        for _ in range(400):
            ask("GET", "/api/v1/keys/SAE_A/status")
        ask.close()
    assert 10 <= len(refusals(filled)) <= 11 + (monotonic() - began_s)


def test_names_come_from_the_urn_or_the_common_name():
    def certificate(common, *uris):
        return {
            "subject": tuple((("commonName", name),) for name in common),
            "subjectAltName": tuple(("URI", uri) for uri in uris),
            "serialNumber": "0A",
            "notAfter": "Jan  1 00:00:00 2030 GMT",
        }

    def name(*arguments):
        found = identify(certificate(*arguments), {"KME_B"})
        return found and (found.kind, found.id, found.serial)

    assert name(["x"], urn("sae", "a b/ü")) == ("sae", "a b/ü", 10)
    assert name(["x"], urn("kme", "K")) == ("kme", "K", 10)
    assert name(["x"], "https://example.org") == ("sae", "x", 10)
    assert name(["KME_B"]) == ("kme", "KME_B", 10)
    for nobody in (
        [[]],
        [["x", "y"]],
        [["x"], urn("sae", "a"), urn("sae", "b")],
        [["x"], "urn:qkdctl:other:a"],
        [["x"], "urn:qkdctl:sae:"],
    ):
        assert name(*nobody) is None
    assert identify(None, ()) is None


def test_a_revocation_list_of_somebody_else_is_refused(tmp_path):
    one, other = Authority(tmp_path / "one"), Authority(tmp_path / "other")
    with pytest.raises(RecordingError, match="is not signed by the CA"):
        RevocationList(one.directory / "ca.crl", other.directory / "ca.crt")
    with pytest.raises(RecordingError, match="is no certificate revocation list"):
        RevocationList(one.directory / "ca.crt", one.directory / "ca.crt")
    with pytest.raises(RecordingError, match="cannot be read"):
        RevocationList(tmp_path / "none", one.directory / "ca.crt")


def test_labels_decide_what_is_delivered(tmp_path):
    """A server in earnest gives secret keys only, a laboratory's all that were made; none gives the rest."""
    labels = ("demonstration", "quarantined", "emulated", "recorded", "secret")
    for more, expected in (("", 1), ("lab = true", 3)):
        lab = Lab(tmp_path / f"lab {expected}", more)
        for block, label in enumerate(labels):
            lab.fill([block], 8 * 32, label)
        with lab.start(), lab.client("SAE_A") as a:
            pause_until(lambda: a.status("SAE_B")["stored_key_count"] == expected)  # noqa: B023
            keys = [key for _ in range(expected) for key in a.get_keys("SAE_B")]
            with pytest.raises(KmeRefused, match="too little key"):
                a.get_keys("SAE_B")
        found = {key.extension["qkdctl_label"] for key in keys}
        assert found == ({"secret"} if expected == 1 else {"secret", "recorded", "emulated"})
        assert json.dumps([dict(key.extension) for key in keys])
