"""TLS 1.3, or 1.2 where a KME's file allows it, with certificates on both sides."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qkdctl.errors import RecordingError
from qkdctl.keystore.access import check_private
from qkdctl.kme.identity import identify, read_names
from qkdctl.kme.revocation import RevocationList


def server_context(
    certificate: Path,
    private_key: Path,
    ca: Path,
    refused: Callable[[str], None],
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """Settle what a server accepts: TLS, and a certificate of our CA from everybody.

    Parameters
    ----------
    certificate, private_key, ca : Path
        PEM files.
    refused : callable
        Told why a handshake came to nothing.
    oldest : ssl.TLSVersion, optional

    Raises
    ------
    RecordingError
        If a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    _load(context, certificate, private_key, ca)
    context.minimum_version = oldest
    # Nobody comes back to an old session: every connection shows its certificate anew.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    context.sslobject_class = _telling(refused)
    return context


def check_own(certificate: Path, kme: str) -> None:
    """See that a KME's own certificate is for it: nobody would believe it otherwise.

    Raises
    ------
    RecordingError
        If it is not, or cannot be read.
    """
    try:
        found = identify(read_names(certificate), {kme})
    except OSError as error:
        raise _unusable(certificate, error) from None
    except ValueError:
        raise RecordingError(f"{certificate}: is no certificate in PEM; qkdctl kme ca makes some") from None
    if found is None or (found.kind, found.id) != ("kme", kme):
        name = f"the {found.kind.upper()} {found.id!r}" if found else "nobody, or several"
        raise RecordingError(
            f"{certificate}: is for {name}, expected the KME {kme!r}; see id and certificate"
        )


def client_context(certificate: Path, private_key: Path, ca: Path) -> ssl.SSLContext:
    """Settle what a client shows and accepts.

    Raises
    ------
    RecordingError
        If a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load(context, certificate, private_key, ca)
    return context


def _load(context: ssl.SSLContext, certificate: Path, private_key: Path, ca: Path) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    check_private_file(private_key)
    try:
        context.load_cert_chain(certificate, private_key)
    except OSError as error:
        raise _unusable(certificate, error) from None
    try:
        context.load_verify_locations(ca)
    except OSError as error:
        raise _unusable(ca, error) from None


def _unusable(path: Path, error: OSError) -> RecordingError:
    what = "is no PEM file as expected" if isinstance(error, ssl.SSLError) else str(error.strerror)
    return RecordingError(f"{path}: cannot be used: {what}; qkdctl kme ca makes certificates")


def check_private_file(path: Path) -> None:
    """See that a file that holds a secret is its owner's alone.

    Raises
    ------
    RecordingError
        If it is not, or cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        check_private(path, os.fstat(handle))
    finally:
        os.close(handle)


def _telling(refused: Callable[[str], None]) -> type[ssl.SSLObject]:
    """Make the TLS object that tells of certificates it does not accept: nobody else hears of them."""

    class TellingSSLObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                ssl.SSLObject.do_handshake(self)
            except ssl.SSLCertVerificationError as error:
                refused(error.verify_message)
                raise
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                refused((error.reason or "no handshake").lower().replace("_", " "))
                raise

    return TellingSSLObject


def expecting(kme: str, revoked: RevocationList | None = None) -> type[ssl.SSLObject]:
    """Make the TLS object that accepts no server but one KME, and says nothing to it once it is revoked."""

    class ExpectingSSLObject(ssl.SSLObject):
        _serial = 0

        def do_handshake(self) -> None:
            ssl.SSLObject.do_handshake(self)
            self._serial = expect_kme(self.getpeercert(), kme)
            self._check()

        def write(self, data: Any) -> int:
            # The list may have changed since the connection was made.
            self._check()
            return ssl.SSLObject.write(self, data)

        def _check(self) -> None:
            if revoked is not None and self._serial in revoked:
                raise ssl.SSLError(f"the certificate of the KME {kme} was revoked")

    return ExpectingSSLObject


def expect_kme(certificate: Any, kme: str | None) -> int:
    """Give a certificate's serial; raise :class:`ssl.SSLError` unless it is of the KME of this name, None being any."""
    found = identify(certificate, {kme} if kme else ())
    if kme is not None and (found is None or found.kind != "kme" or found.id != kme):
        name = f"the {found.kind.upper()} {found.id}" if found else "nobody"
        raise ssl.SSLError(f"the server's certificate is for {name}, expected the KME {kme}")
    return found.serial if found else 0
