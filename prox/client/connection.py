"""One connection to an instance, used only after the peer has proved to be the expected instance.

The port in a state file may now belong to another program, or to another project's instance. The first request on
each connection therefore changes nothing and carries no token; its response identifies the peer, and shows whether a
token is required. Later requests use the same connection, whose peer cannot change.
"""

from __future__ import annotations

import http.client
import json
import os
from typing import TYPE_CHECKING, Any, NoReturn, Self

from prox._version import __version__
from prox.client.errors import ApiError, ConnectionLost
from prox.core.errors import NoInstance

if TYPE_CHECKING:
    from types import TracebackType

    from prox.client.target import Target

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0
"""Seconds that a response may take which does not wait for a process."""
MAX_BODY = 64 * 1024 * 1024
"""Maximum bytes of a response; the longest are 10,000 log lines."""

INSTANCE_HEADER = "X-Prox-Instance"
PROBE = "/api/v1/status"


class ClientConnection:
    """An open connection to the expected instance. Raises NoInstance if there is none."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_SECONDS)
        # A lost connection must not be reopened silently: the peer may be another one.
        self._http.auto_open = 0
        self._streamed: http.client.HTTPResponse | None = None
        try:
            self._http.connect()
            self._sock = self._http.sock
            self._wait_at_most(ANSWER_SECONDS)
            needs_token = self._ask_who_answers()
            self._token = self._find_token() if needs_token else None
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            self.close()
            raise NoInstance(f"no instance answers at {target.url}: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise

    @property
    def needs_token(self) -> bool:
        """Whether the instance requires a token."""
        return self._token is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._streamed:
            self._streamed.close()
        self._http.close()

    def request(
        self, method: str, path: str, *, body: bytes | None = None, timeout: float | None = ANSWER_SECONDS
    ) -> dict[str, Any]:
        """Return the JSON object of the response. ``timeout``: in seconds; None: unlimited.

        Raises ApiError if the response is an error, ConnectionLost.
        """
        try:
            response = self._send(method, path, timeout, body)
            return _object(response, response.read(MAX_BODY + 1))
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)

    def stream(self, path: str) -> http.client.HTTPResponse:
        """Return the response of a stream, which is read by the caller. Raises ApiError, ConnectionLost."""
        try:
            response = self._send("GET", path, None)
            if response.status != 200:
                _object(response, response.read(MAX_BODY + 1))
            self._streamed = response
            return response
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)

    def _send(
        self, method: str, path: str, timeout: float | None, body: bytes | None = None
    ) -> http.client.HTTPResponse:
        self._wait_at_most(timeout)
        headers = {"User-Agent": f"prox/{__version__} (pid {os.getpid()})"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        self._http.request(method, path, body, headers)
        return self._http.getresponse()

    def limit_reads(self, seconds: float) -> None:
        """Make the next read of a stream raise TimeoutError after ``seconds``."""
        self._sock.settimeout(max(seconds, 0.001))

    def _wait_at_most(self, timeout: float | None) -> None:
        if self._http.sock is None:
            raise ConnectionResetError("the connection was closed")
        self._http.sock.settimeout(timeout)

    def _ask_who_answers(self) -> bool:
        """Return whether the peer requires a token. Raises NoInstance if it is not the expected instance."""
        self._http.request("GET", PROBE)
        response = self._http.getresponse()
        response.read(MAX_BODY)
        instance, wanted = response.headers.get(INSTANCE_HEADER), self._target.instance
        if instance is None:
            raise NoInstance(f"{self._target.url} is not prox: another program uses that port")
        if wanted is not None and instance != wanted:
            raise NoInstance(f"{self._target.url} is the instance of another project")
        return response.status == 401

    def _find_token(self) -> str:
        peer = self._http.sock.getpeername()[0]
        if not self._target.may_have_token(peer):
            what = "it is not on this machine; pass its token with --token-file"
        elif token := self._target.read_token():
            return token
        else:
            what = "~/.prox/token does not exist; pass the token with --token-file"
        raise ApiError(f"{self._target.url} requires a token: {what}", code="UNAUTHORIZED", status=401)

    def _lost(self, error: Exception) -> NoReturn:
        self.close()
        raise ConnectionLost(f"lost the connection to prox at {self._target.url}: {_reason(error)}") from None


def _object(response: http.client.HTTPResponse, body: bytes) -> dict[str, Any]:
    """Return the JSON object of a response. Raises ApiError if it is an error or malformed."""
    try:
        found = json.loads(body) if len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        found = None
    match found:
        case {"error": str(message), "code": str(code)} if response.status >= 400:
            raise ApiError(message, code=code, status=response.status)
        case dict() if response.status == 200:
            return found
    raise ApiError(
        f"malformed response from prox (status {response.status})",
        code="INTERNAL_ERROR",
        status=response.status,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
