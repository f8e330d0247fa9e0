"""Requests as nobody's client would send them."""

import http.client
import json

from qkdctl.kme.tls import client_context


class Raw:
    """A connection of an SAE to a KME, for any bytes."""

    def __init__(self, link, sae="SAE_A", party="alice"):
        self._connection = http.client.HTTPSConnection(
            "localhost", link.ports[party], timeout=60, context=client_context(*link.files(sae))
        )

    def __call__(self, method, path, body=None, headers=None):
        """Give status, answer and headers; every answer must be an object, and kept by nobody."""
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        data = response.read()
        self.headers = response.headers
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Type"].split(";")[0] == "application/json"
        return response.status, json.loads(data) if data else None

    def close(self):
        self._connection.close()
