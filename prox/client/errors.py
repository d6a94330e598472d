"""Errors of the client. ``core.errors`` defines the others, including ``NoInstance``."""

from __future__ import annotations

from prox.core.errors import ProxError


class ApiError(ProxError):
    """An error response: ``code`` as in ``docs/api.md``, and the HTTP ``status``."""

    code: str  # type: ignore[misc]  # varies by response; other errors have one per class

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class ConnectionLost(ProxError):
    """The connection was lost during a response."""

    code = "NO_INSTANCE"
