"""What ETSI GS QKD 014 says to requests that get no key, in its own words where it has them."""

from __future__ import annotations

from typing import Any

SIZE_MULTIPLE = "size shall be a multiple of 8"
UNSUPPORTED = "not all extension_mandatory parameters are supported"
NOT_MET = "not all extension_mandatory request options could be met"
NOT_FOUND = "one or more keys specified are not found on KME"

NO_NAME = "the certificate does not name one SAE"
NOT_SERVED = "this KME does not serve the SAE that the certificate names"
REVOKED = "the certificate was revoked"
EXPIRED = "the certificate has expired"
NOT_NAMED = "the caller is not among the SAEs that the keys are for"
NOT_KME = "only the other KME may ask this"

EMPTY = "too little key is stored for this request; try again later"
PEER_DOWN = "the other KME cannot be reached or does not agree, so no key can be shared; try again later"
TOO_FAST = "the SAE asks for more than its rate; try again later"
TOO_MANY_WAIT = "too many keys wait for one of the slave SAEs; let it collect some first"
STORE_FAILED = "the key store cannot be used; ask the operator"


class Refusal(Exception):
    """A request that gets no key.

    Parameters
    ----------
    status : int
        400, 401 or 503; also 404, 405 and 413, which the standard leaves to HTTP.
    message : str
    details : list of dict, optional
    """

    def __init__(self, status: int, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        """The Error object."""
        error: dict[str, Any] = {"message": self.message}
        return error | {"details": self.details} if self.details else error


def bad(message: str, details: list[dict[str, Any]] | None = None) -> Refusal:
    """A request that makes no sense, or that cannot be met as it is."""
    return Refusal(400, message, details)


def unauthorised(message: str) -> Refusal:
    """Somebody who may not have what is asked for."""
    return Refusal(401, message)


def unavailable(message: str) -> Refusal:
    """A request that may be met later."""
    return Refusal(503, message)
