"""Who is at the door: every request is its certificate's, or refused."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

from qkdctl.kme.identity import Identity, identify
from qkdctl.kme.refusal import EXPIRED, NO_NAME, NOT_KME, NOT_SERVED, REVOKED, unauthorised
from qkdctl.kme.revocation import RevocationList

MOST_READ = 1024
"""Certificates that are not read anew."""


class Connection(Protocol):
    """What somebody asks on: a request of HTTP, or a stream."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As :meth:`asyncio.BaseTransport.get_extra_info`."""


class Door:
    """Tells who asks.

    Parameters
    ----------
    saes, kmes : collection of str
        The applications that are served here, and the other KMEs that may ask.
    revoked : RevocationList
    now : callable, optional
        The clock, in seconds since 1970.
    """

    def __init__(
        self,
        saes: Collection[str],
        kmes: Collection[str],
        revoked: RevocationList,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._saes = frozenset(saes)
        self._kmes = frozenset(kmes)
        self._revoked = revoked
        self._now = now
        self._read: dict[bytes, tuple[Identity | None, float]] = {}

    def sae(self, connection: Connection) -> str:
        """Give the ID of the SAE that asks.

        Raises
        ------
        Refusal
            If its certificate names none that is served here, was revoked, or has expired.
        """
        found = self._valid(connection)
        if found.kind != "sae" or found.id not in self._saes:
            raise unauthorised(NOT_SERVED)
        return found.id

    def kme(self, connection: Connection) -> str:
        """Give the ID of the other KME that asks; raise the refusal if it is none of them."""
        found = self._valid(connection)
        if found.kind != "kme" or found.id not in self._kmes:
            raise unauthorised(NOT_KME)
        return found.id

    def who(self, connection: Connection) -> str:
        """Give a name for the log, whoever it is."""
        found, _ = self._identity(connection)
        return f"{found.kind} {found.id}" if found else "nobody"

    def _valid(self, connection: Connection) -> Identity:
        found, not_after = self._identity(connection)
        if found is None:
            raise unauthorised(NO_NAME)
        if found.serial in self._revoked:
            raise unauthorised(REVOKED)
        # A connection may outlive its certificate.
        if self._now() > not_after:
            raise unauthorised(EXPIRED)
        return found

    def _identity(self, connection: Connection) -> tuple[Identity | None, float]:
        """Read the certificate of the request's connection: who it is for, and until when."""
        certificate = connection.get_extra_info("peercert")
        encoded = (
            connection.get_extra_info("ssl_object").getpeercert(binary_form=True) if certificate else b""
        )
        if encoded not in self._read:
            if len(self._read) >= MOST_READ:
                self._read.clear()
            found = identify(certificate, self._kmes)
            self._read[encoded] = (found, ssl.cert_time_to_seconds(found.not_after) if found else 0.0)
        return self._read[encoded]
