"""Errors between a client and an instance. ``core.errors`` has the others, among them ``NoInstance``."""

from __future__ import annotations

from prox.core.errors import ProxError


class ApiError(ProxError):
    """The instance answered with an error: ``code`` as in ``http-api.md``, and the HTTP ``status``."""

    code: str  # type: ignore[misc]  # an answer may carry any code, each class of ours has one

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class ConnectionLost(ProxError):
    """The instance went away in the middle of an answer."""

    code = "NO_INSTANCE"
