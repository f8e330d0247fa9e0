"""A small certificate authority for a laboratory: ECDSA P-256, one directory, no services.

The directory holds ``ca.crt``, ``ca.key``, the revocation list ``ca.crl``, and ``NAME.crt`` with ``NAME.key``
for everybody. A network in earnest has a CA of its own; what its certificates need is in docs/kme.md.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postproc.files import PRIVATE, write_whole
from qkdctl.errors import RecordingError, UsageError
from qkdctl.kme.identity import Kind, urn

DAY = timedelta(days=1)
CA_DAYS = 3650
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")


class Authority:
    """The CA in a directory; made if it is not there.

    Parameters
    ----------
    directory : Path
    now : datetime, optional
        For certificates of another time, in tests.

    Raises
    ------
    RecordingError
        If the directory cannot be used.
    """

    def __init__(self, directory: Path, now: datetime | None = None) -> None:
        self.directory = directory
        self._now = now or datetime.now(UTC)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (directory / "ca.key").exists():
                self._begin()
            self._key = _read_key(directory / "ca.key")
            self.certificate = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise RecordingError(f"{directory}: cannot be used as a CA: {error}") from None

    def issue(self, kind: Kind, name: str, hosts: Sequence[str] = (), days: float = 365) -> bool:
        """Make a key and a certificate, unless there is one; tell whether one was made.

        Parameters
        ----------
        kind : {"sae", "kme"}
        name : str
            Its ID, also the files' name.
        hosts : sequence of str
            Names and addresses under which a KME is reached.
        days : float

        Raises
        ------
        UsageError
            If the name cannot be a file's.
        """
        if not _FILE_NAME.fullmatch(name) or name == "ca":
            raise UsageError(
                f"{name!r} cannot be the name of a certificate here; use letters, digits, and . _ @ - inside"
            )
        if self.path(name).exists():
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.UniformResourceIdentifier(urn(kind, name)), *map(_host, hosts)]
        certificate = (
            self._builder(name, key, timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_usages(kind)), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        write_whole(self.directory / f"{name}.key", _pem(key), mode=PRIVATE)
        write_whole(self.path(name), certificate.public_bytes(serialization.Encoding.PEM))
        return True

    def revoke(self, name: str) -> None:
        """Put a certificate on the revocation list.

        Raises
        ------
        UsageError
            If there is no such certificate.
        """
        try:
            certificate = x509.load_pem_x509_certificate(self.path(name).read_bytes())
        except FileNotFoundError:
            raise UsageError(f"{self.directory} has no certificate for {name!r}") from None
        there = list(x509.load_pem_x509_crl((self.directory / "ca.crl").read_bytes()))
        if certificate.serial_number not in [entry.serial_number for entry in there]:
            entry = x509.RevokedCertificateBuilder(certificate.serial_number, self._now)
            there.append(entry.build())
            self._write_revoked(there)

    def path(self, name: str) -> Path:
        """Where somebody's certificate is."""
        return self.directory / f"{name}.crt"

    def _begin(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder("qkdctl lab CA", self._key, CA_DAYS * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signing(), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate
        write_whole(self.directory / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))
        self._write_revoked([])
        # Last: a CA is there once its key is.
        write_whole(self.directory / "ca.key", _pem(self._key), mode=PRIVATE)

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, lasts: timedelta
    ) -> x509.CertificateBuilder:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = getattr(self, "certificate", None)
        issuer_key = self._key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(own.subject if own else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            # Clocks of different machines differ.
            .not_valid_before(self._now - timedelta(minutes=5))
            .not_valid_after(self._now + lasts)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        )

    def _write_revoked(self, entries: Sequence[x509.RevokedCertificate]) -> None:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self._now)
            .next_update(self._now + CA_DAYS * DAY)
        )
        for entry in entries:
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(self._key, hashes.SHA256())
        write_whole(self.directory / "ca.crl", signed.public_bytes(serialization.Encoding.PEM))


def _usages(kind: Kind) -> list[x509.ObjectIdentifier]:
    """A KME is a client too, of the other KME."""
    client = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return client if kind == "sae" else [ExtendedKeyUsageOID.SERVER_AUTH, *client]


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _signing() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} holds another kind of key")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
