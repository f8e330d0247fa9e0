"""The list of certificates that are valid no longer."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from qkdctl.errors import RecordingError


class RevocationList:
    """A CA's revocation list in a file, read again when the file changes.

    Parameters
    ----------
    path : Path or None
        None where there is none.
    ca : Path
        The CA's certificate, in PEM.

    Raises
    ------
    RecordingError
        If it cannot be read, or is not this CA's.
    """

    def __init__(self, path: Path | None, ca: Path) -> None:
        self._path = path
        self._ca = ca
        self._stamp: tuple[int, int] | None = None
        self._serials: frozenset[int] = frozenset()
        self.refresh()

    def __contains__(self, serial: int) -> bool:
        return serial in self._serials

    def refresh(self) -> None:
        """Read the file again if it is another one by now.

        Raises
        ------
        RecordingError
            If it cannot be used; what was revoked before stays so.
        """
        if self._path is None:
            return
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._serials = self._read(self._path.read_bytes())
                self._stamp = stamp
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be read: {error.strerror}") from None

    def _read(self, data: bytes) -> frozenset[int]:
        try:
            revoked = x509.load_pem_x509_crl(data)
            authority = x509.load_pem_x509_certificate(self._ca.read_bytes())
            signed = revoked.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
        except (ValueError, TypeError):
            raise RecordingError(f"{self._path}: is no certificate revocation list in PEM") from None
        if not signed:
            raise RecordingError(f"{self._path}: is not signed by the CA in {self._ca}")
        return frozenset(entry.serial_number for entry in revoked)
