"""Check the token: compared in constant time, never logged, never in a response."""

from __future__ import annotations

import hmac

from prox.api.errors import Unauthorized


def require_token(authorization: str | None, token: str) -> None:
    """Raise Unauthorized unless the Authorization header carries the token (RFC 6750 §2.1)."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized("this API requires the token in ~/.prox/token: send `Authorization: Bearer TOKEN`")
    # Headers are Latin-1; compare_digest accepts only ASCII text.
    if not hmac.compare_digest(given.strip().encode("latin-1", "replace"), token.encode()):
        raise Unauthorized("wrong token; the right one is in ~/.prox/token")
