"""Convert a recorded request to a curl(1) command, safe to paste into a POSIX shell and to show on a terminal."""

from __future__ import annotations

import base64
import re
import shlex
from typing import TYPE_CHECKING, Any

from prox.core.errors import ProxError
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_WORD = 100_000
"""Maximum bytes of one argument; the limit of Linux is 128 KiB (execve(2), MAX_ARG_STRLEN)."""

_FROM_CURL = {"host", "content-length", "connection", "transfer-encoding"}
_DEFAULTS = ("Accept", "User-Agent")
_EXACT_CHARSETS = {"utf-8", "utf8", "us-ascii", "iso-8859-1"}
_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE)


class NoCommand(ProxError):
    """No curl command would send the same request."""

    code = "NO_CURL_COMMAND"


def exact_body(headers: Iterable[tuple[str, str]], body: Mapping[str, Any]) -> bytes:
    """Return the exact bytes of a request body from the API. Raises NoCommand if they cannot be determined."""
    if not body["size"]:
        return b""
    if body["truncated"]:
        raise NoCommand("its body was not recorded whole; raise proxy.capture.max_body_size")
    if any(name.lower() == "content-encoding" for name, _ in headers):
        raise NoCommand("its body is compressed")
    if body["is_binary"]:
        return base64.b64decode(body["data"])
    charset = _CHARSET.search(body["content_type"])
    data = str(body["data"]).encode("utf-8", "surrogatepass")
    # Invalid octets were replaced by U+FFFD when the body was decoded, possibly without changing the size.
    exact = len(data) == body["size"] and "\N{REPLACEMENT CHARACTER}" not in body["data"]
    if not exact or (charset and charset[1].lower() not in _EXACT_CHARSETS):
        raise NoCommand("its body is not UTF-8")
    return data


def curl(method: str, url: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> str:
    """Return a command that sends the same request.

    ``url``: absolute; ``target``: the request target, which is not part of the URL for ``OPTIONS *``. Raises NoCommand.
    """
    headers = list(headers)
    names = {name.lower() for name, _ in headers}
    # Without these two, curl expands braces and removes dot segments.
    words = ["curl", "--globoff", "--path-as-is"]
    if method == "HEAD":
        if body:
            raise NoCommand("curl sends no body with HEAD")
        # With `-X HEAD`, curl would wait for a body.
        words.append("--head")
    else:
        words += ["-X", method]
    if not target.startswith("/"):
        url = f"{url.removesuffix(target)}/"
        words += ["--request-target", target]
    words.append(url)
    # "NAME;" sends an empty field, "NAME:" removes one that curl would add.
    for name, value in headers:
        if name.lower() not in _FROM_CURL:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    with_body = bool(body) or (method != "HEAD" and "content-length" in names)
    added = [*_DEFAULTS, "Content-Type"] if with_body else _DEFAULTS
    for name in added:
        if name.lower() not in names:
            words += ["-H", f"{name}:"]
    # Control characters, which are rare in fields, are escaped for the terminal.
    command = escape_controls(shlex.join(words))
    if not with_body:
        return command
    # Not --data-binary: a body that begins with "@" would send a file.
    if (text := _as_word(body)) is not None:
        return f"{command} --data-raw {shlex.quote(text)}"
    return f"printf %s {base64.b64encode(body).decode()} | base64 -d | {command} --data-binary @-"


def _as_word(body: bytes) -> str | None:
    """Return a body as text for the command; None if it is too long or not printable."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    plain = text.replace("\n", "").replace("\t", "")
    return text if len(body) <= MAX_WORD and escape_controls(plain) == plain else None
