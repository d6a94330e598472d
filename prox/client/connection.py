"""One connection to an instance, used only once whoever answers has said that it is the one that was meant.

The port of a state file may by now belong to another program, or to another project's instance. So the first
request on each connection is one that changes nothing and carries no token; its answer says who that is, and
whether a token is needed. The connection is then kept, as its other end cannot become somebody else.
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
"""How long an answer may take that waits for nothing."""
MAX_BODY = 64 * 1024 * 1024
"""Bytes of an answer: 10,000 log lines are the longest that is asked for, of whatever length."""

INSTANCE_HEADER = "X-Prox-Instance"
PROBE = "/api/v1/status"


class ClientConnection:
    """An open connection whose other end is the right one. Raises NoInstance where there is none."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = http.client.HTTPConnection(target.host, target.port, timeout=CONNECT_SECONDS)
        # A connection that was lost is not silently made again, maybe to somebody else.
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
            raise NoInstance(f"no instance of prox answers at {target.url}: {_reason(error)}") from None
        except BaseException:
            self.close()
            raise

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
        """Return the JSON object that is the answer. ``timeout`` in seconds; None: as long as it takes.

        Raises ApiError where that is an error, ConnectionLost.
        """
        try:
            response = self._send(method, path, timeout, body)
            return _object(response, response.read(MAX_BODY + 1))
        except (OSError, http.client.HTTPException) as error:
            self._lost(error)

    def stream(self, path: str) -> http.client.HTTPResponse:
        """Return an answer whose body has no end, for as long as it lives. Raises ApiError, ConnectionLost."""
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
        """Let the next read of a stream raise TimeoutError after so many seconds."""
        self._sock.settimeout(max(seconds, 0.001))

    def _wait_at_most(self, timeout: float | None) -> None:
        if self._http.sock is None:
            raise ConnectionResetError("the connection was closed")
        self._http.sock.settimeout(timeout)

    def _ask_who_answers(self) -> bool:
        """Return whether it asks for a token. Raises NoInstance where it is not the instance that was meant."""
        self._http.request("GET", PROBE)
        response = self._http.getresponse()
        response.read(MAX_BODY)
        instance, wanted = response.headers.get(INSTANCE_HEADER), self._target.instance
        if instance is None:
            raise NoInstance(f"what answers at {self._target.url} is not prox: another program has that port")
        if wanted is not None and instance != wanted:
            raise NoInstance(f"what answers at {self._target.url} is another instance of prox than this project's")
        return response.status == 401

    def _find_token(self) -> str:
        peer = self._http.sock.getpeername()[0]
        if not self._target.may_have_token(peer):
            what = "it is not this machine, so name the file of its token with --token-file"
        elif token := self._target.read_token():
            return token
        else:
            what = "there is none in ~/.prox/token; name its file with --token-file"
        raise ApiError(f"{self._target.url} asks for a token: {what}", code="UNAUTHORIZED", status=401)

    def _lost(self, error: Exception) -> NoReturn:
        self.close()
        raise ConnectionLost(f"the connection to prox at {self._target.url} was lost: {_reason(error)}") from None


def _object(response: http.client.HTTPResponse, body: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises ApiError where it is an error, or not what prox answers."""
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
        f"prox gave an answer that is not understood (status {response.status})",
        code="INTERNAL_ERROR",
        status=response.status,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
