"""Where a session's keys go: into a key store."""

from __future__ import annotations

from dataclasses import dataclass, replace

from postproc.authentication.wegman_carter import method_of
from postproc.secretsink import Fate, SecretKey
from qkdctl.keystore.entry import Label, Origin
from qkdctl.keystore.store import KeyStore


@dataclass(frozen=True)
class SessionSink:
    """A :class:`~postproc.secretsink.SecretSink` that writes a session's keys into a store."""

    store: KeyStore
    label: Label
    origin: Origin

    def stage(self, key: SecretKey) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self.store.stage(key, self.label, self.origin)

    def confirm(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self.store.confirm(session, block)

    def quarantine(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self.store.quarantine(session, block)

    def discard(self, session: bytes, block: int) -> None:
        """See :class:`~postproc.secretsink.SecretSink`."""
        self.store.discard(session, block)

    def unsettled(self) -> tuple[tuple[bytes, int], ...]:
        """See :class:`~postproc.secretsink.SecretSink`."""
        return self.store.unsettled()

    def fate(self, session: bytes, block: int) -> Fate:
        """See :class:`~postproc.secretsink.SecretSink`."""
        return self.store.fate(session, block)


def sink_for(store: KeyStore, label: Label, origin: Origin) -> SessionSink:
    """Give the sink for the keys of a session that starts now, authenticated as the store's pool can."""
    return SessionSink(store, label, replace(origin, authentication=method_of(store.pool)))
