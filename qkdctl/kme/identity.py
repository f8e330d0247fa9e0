"""Who a certificate says somebody is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

Kind = Literal["sae", "kme"]

URN = "urn:qkdctl:"


@dataclass(frozen=True)
class Identity:
    """The one name in a certificate.

    Attributes
    ----------
    kind : {"sae", "kme"}
        An application, or a key server.
    id : str
    serial : int
        The certificate's number at its CA.
    not_after : str
        When it expires, as ``ssl.cert_time_to_seconds`` reads it.
    """

    kind: Kind
    id: str
    serial: int
    not_after: str


def urn(kind: Kind, name: str) -> str:
    """Write a name as certificates of our CA carry it."""
    return f"{URN}{kind}:{quote(name, safe='')}"


def identify(certificate: Mapping[str, Any] | None, kmes: Collection[str]) -> Identity | None:
    """Read who a certificate is for: the URN in its alternative names, else its common name.

    Parameters
    ----------
    certificate : mapping or None
        As ``ssl.SSLSocket.getpeercert`` gives it.
    kmes : collection of str
        Common names that are key servers'.

    Returns
    -------
    Identity or None
        None where there is no name, or more than one.
    """
    if not certificate:
        return None
    names = _names_by_urn(certificate) or [
        ("kme" if name in kmes else "sae", name) for name in _common_names(certificate)
    ]
    if len(names) != 1 or not names[0][1]:
        return None
    kind: Kind = "kme" if names[0][0] == "kme" else "sae"
    return Identity(kind, names[0][1], int(certificate["serialNumber"], 16), certificate["notAfter"])


def read_names(path: Path) -> dict[str, Any]:
    """Read from a PEM file what :func:`identify` looks at, in the form of ``ssl.SSLSocket.getpeercert``.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or is no certificate.
    """
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        uris = []
    return {
        "subject": tuple((("commonName", name.value),) for name in common),
        "subjectAltName": tuple(("URI", uri) for uri in uris),
        "serialNumber": f"{certificate.serial_number:X}",
        "notAfter": certificate.not_valid_after_utc.strftime("%b %d %H:%M:%S %Y GMT"),
    }


def _names_by_urn(certificate: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = []
    for form, value in certificate.get("subjectAltName", ()):
        if form == "URI" and value.startswith(URN):
            kind, _, name = value.removeprefix(URN).partition(":")
            names.append((kind, unquote(name) if kind in ("sae", "kme") else ""))
    return names


def _common_names(certificate: Mapping[str, Any]) -> list[str]:
    return [value for group in certificate.get("subject", ()) for key, value in group if key == "commonName"]
