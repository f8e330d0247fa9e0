"""A client of ETSI GS QKD 014: new keys for an application, and the same keys by their IDs at the other end.

>>> with KmeClient("https://localhost:8443", "SAE_A.crt", "SAE_A.key", "ca.crt") as kme:  # doctest: +SKIP
...     (key,) = kme.get_keys("SAE_B")
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

from qkdctl.errors import KmeError
from qkdctl.keystore.secret import Secret
from qkdctl.kme.tls import client_context, expect_kme

TIMEOUT_S = 10.0
MOST_BYTES = 2**26


class KmeRefused(KmeError):
    """A KME answers with an Error object.

    Attributes
    ----------
    status : int
        400, 401 or 503.
    details : list
    """

    def __init__(self, status: int, message: str, details: Sequence[Any] = ()) -> None:
        super().__init__(f"the KME refuses ({status}): {message}")
        self.status = status
        self.message = message
        self.details = list(details)


@dataclass(frozen=True)
class DeliveredKey:
    """A key from a KME.

    Attributes
    ----------
    id : str
        UUID, by which the other SAEs get the same key.
    value : Secret
    extension : dict
        What the KME says of it: what it is made of, its label.
    """

    id: str
    value: Secret
    extension: Mapping[str, Any] = field(default_factory=dict)


class KmeClient:
    """A connection to a KME, kept open between calls and made anew when it was lost.

    Parameters
    ----------
    url : str
        ``https://HOST:PORT``.
    certificate, private_key, ca : path
        PEM files.
    kme_id : str, optional
        The only KME that is accepted; any of the CA's under that host name otherwise.

    Raises
    ------
    KmeError
        From every call: the KME cannot be reached, or is none; :class:`KmeRefused` if it says no.
    RecordingError
        If a file cannot be used.
    """

    def __init__(
        self,
        url: str,
        certificate: Path | str,
        private_key: Path | str,
        ca: Path | str,
        kme_id: str | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise KmeError(f"{url!r} is no address of a KME, expected https://HOST:PORT")
        context = client_context(Path(certificate), Path(private_key), Path(ca))
        self._url = url
        self._kme_id = kme_id
        self._connection = http.client.HTTPSConnection(
            parts.hostname, parts.port or 443, timeout=TIMEOUT_S, context=context
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def status(self, slave: str) -> dict[str, Any]:
        """Ask what there is to share with a slave SAE."""
        return self._call("GET", f"{quote(slave, safe='')}/status", None)

    def get_keys(
        self,
        slave: str,
        number: int | None = None,
        size: int | None = None,
        *,
        additional: Sequence[str] = (),
        mandatory: Mapping[str, Any] | None = None,
        optional: Mapping[str, Any] | None = None,
    ) -> list[DeliveredKey]:
        """Get new keys, to share with one or more slave SAEs.

        Parameters
        ----------
        slave : str
        number, size : int, optional
            How many, and of how many bits; the KME's defaults otherwise.
        additional : sequence of str, optional
            More slave SAEs.
        mandatory, optional : mapping, optional
            Extension parameters.
        """
        body: dict[str, Any] = {"number": number, "size": size, "additional_slave_SAE_IDs": list(additional)}
        for name, extension in (("extension_mandatory", mandatory), ("extension_optional", optional)):
            body[name] = [{key: value} for key, value in (extension or {}).items()]
        body = {name: value for name, value in body.items() if value}
        return _keys(self._call("POST", f"{quote(slave, safe='')}/enc_keys", body))

    def get_keys_by_id(self, master: str, key_ids: Sequence[str]) -> list[DeliveredKey]:
        """Get the keys that a master SAE has got and told the IDs of."""
        body = {"key_IDs": [{"key_ID": key_id} for key_id in key_ids]}
        return _keys(self._call("POST", f"{quote(master, safe='')}/dec_keys", body))

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            status, data = self._exchange(method, "/api/v1/keys/" + path, body)
            answer = json.loads(data)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise KmeError(f"{self._url}: no answer: {error or type(error).__name__}") from None
        except ValueError:
            raise KmeError(f"{self._url}: answers {status} with something else than JSON") from None
        if not isinstance(answer, dict):
            raise KmeError(f"{self._url}: answers {status} with something else than an object")
        if status != http.HTTPStatus.OK:
            raise KmeRefused(status, str(answer.get("message", "")), answer.get("details") or ())
        return answer

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body)
        if self._connection.sock is None:
            self._connect()
        self._connection.request(method, path, data, {"Content-Type": "application/json"})
        with self._connection.getresponse() as response:
            return response.status, response.read(MOST_BYTES)

    def _connect(self) -> None:
        self._connection.connect()
        socket = self._connection.sock
        if isinstance(socket, ssl.SSLSocket):
            expect_kme(socket.getpeercert(), self._kme_id)


def _keys(container: dict[str, Any]) -> list[DeliveredKey]:
    try:
        return [
            DeliveredKey(
                item["key_ID"],
                Secret(base64.b64decode(item["key"], validate=True)),
                item.get("key_extension") or {},
            )
            for item in container["keys"]
        ]
    except (KeyError, TypeError, ValueError):
        raise KmeError("the KME answers with something else than a Key container") from None
