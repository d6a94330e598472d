"""Recognise the level of a log line, and lines that continue the one before, from their text.

A level is read from JSON (``"level"``, ``"severity"``), from logfmt (``level=warn``), or from a word at the beginning,
after a time, a logger's name or a bracket, as written by the usual logging libraries. Everything else has no level.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

Level = Literal["error", "warn", "info", "debug"]

HEAD = 200
"""Characters at the beginning of a line in which a level's word is searched."""
MAX_JSON = 256 * 1024
"""Characters of a line beyond which it is not parsed as JSON."""

_LEVELS: dict[Level, str] = {
    "error": "fatal critical crit panic emergency emerg alert severe error err fail",
    "warn": "warning warn wrn",
    "info": "information info inf notice log",
    "debug": "debug dbug dbg trace trce trc verbose",
}
_BY_WORD: dict[str, Level] = {word: level for level, words in _LEVELS.items() for word in words.split()}
_BY_LETTER: dict[str, Level] = {"F": "error", "E": "error", "W": "warn", "I": "info", "D": "debug"}

_WORDS = "|".join(sorted(_BY_WORD, key=len, reverse=True))
_UPPER = _WORDS.upper()
_LOWER = "|".join(sorted(_BY_WORD.keys() - {"log"}, key=len, reverse=True))

_TIME = r"\W{0,2}\d{2,4}[-/:.]\d{2}"
"""The beginning of a date or a time of day."""

# Every repetition is bounded, so that the time is linear in HEAD for any text.
_PREFIX = re.compile(
    rf"""\s{{0,40}}+ (?:
        [^\w\n]{{0,20}} (?P<first>{_UPPER}) (?![\w.-]?\w)               # INFO:  [ERROR]  WARN -
      | {_TIME} [^\n]{{0,100}}? (?<![\w.-]) (?P<dated>{_UPPER}) (?![\w])  # 2025-01-19 10:32:01,123 - name - ERROR - …
      | {_TIME} [\dT:.,+Z\ -]{{0,30}} \s (?P<column>{_LOWER}) \s          # 2025-01-19T10:32:01Z  info  …
      | [^\n]{{0,80}}? [\[<(|] \s? (?P<bracket>(?i:{_LOWER})) \s? [\]>)|]  # [info]  <warn>
      | (?i:(?P<colon>{_LOWER})) : (?:\s|$)                             # error: …  Warning: …
      | npm \s (?P<npm>(?i:err|error|warn|info)) \b                     # npm warn …
      | (?P<letter>[FEWID]) (?:\d{{4}}\ \d\d:\d\d:\d\d | ,\ \[\d{{4}}-)  # glog; Ruby's Logger
      | (?P<raised>Traceback\ \(most | panic:\s | fatal\ error:\s | Exception\ in\ thread\ "
          | (?:[A-Za-z_][\w.]{{0,60}})?(?:Error|Exception)(?:\ \[\w+\])?(?::|$)
          | thread\ '[^']{{0,60}}'\ panicked | Uncaught\s | Unhandled\s)
    )""",
    re.VERBOSE,
)
_LOGFMT = re.compile(r'(?:^|[\s,{(])(?:level|lvl|severity|loglevel)="?([A-Za-z]{3,11})\b', re.IGNORECASE)
_CONTINUED = re.compile(
    r"[ \t]{2,}\S|\t\S| ?at \S|Caused by: |\.\.\. \d{1,6} more|goroutine \d{1,9} \[|\d{1,3}: \S{1,80}::"
)
_SGR = re.compile(r"\x1b\[[0-9;:]{0,40}m")

CANDIDATE = (
    "(?i:err|warn|wrn|inf|notice|dbug|debug|dbg|trace|trce|trc|verbose|fatal|crit|panic|emerg|alert|severe|fail"
    "|exception|level|lvl|severity|uncaught|unhandled)|LOG"
    r"|(?m:^(?:[ \t]+\S|at |Caused by: |\.\.\. [0-9]|goroutine |[0-9]+: |\x1b|[FEWID](?:[0-9]{4} |, \[)))"
)
"""A regular expression (RE2) that matches in every line for which ``level_of`` or ``continues`` return something."""


class _JsonLine(Struct):
    level: Any = None
    severity: Any = None
    lvl: Any = None
    levelname: Any = None
    loglevel: Any = None
    log_level: Any = field(default=None, name="log.level")
    compact: Any = field(default=None, name="@l")


_JSON = msgspec.json.Decoder(_JsonLine)


def level_of(text: str) -> Level | None:
    """Return the level of a line; None if it has none that is recognised."""
    if text.startswith("\x1b") or "\x1b" in text[:HEAD]:
        text = _SGR.sub("", text[: 4 * HEAD])
    if text.startswith("{"):
        return _level_of_json(text) or _level_of_logfmt(text)
    found = _PREFIX.match(text[:HEAD])
    if found is None:
        return _level_of_logfmt(text)
    kind = found.lastgroup
    if kind == "raised":
        return "error"
    if kind == "letter":
        return _BY_LETTER[found[kind]]
    assert kind is not None
    return _level_of_logfmt(text[: found.start(kind)]) or _BY_WORD[found[kind].lower()]


def continues(text: str) -> bool:
    """Return whether a line continues the one before it: an indented line, or a frame of a stack trace."""
    return _CONTINUED.match(text) is not None


def _level_of_logfmt(text: str) -> Level | None:
    found = _LOGFMT.search(text[: 4 * HEAD])
    return _BY_WORD.get(found[1].lower()) if found else None


def _level_of_json(text: str) -> Level | None:
    if len(text) > MAX_JSON:
        return None
    try:
        line = _JSON.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    for value in (line.level, line.severity, line.lvl, line.levelname, line.loglevel, line.log_level, line.compact):
        if isinstance(value, str):
            return _BY_WORD.get(value.lower())
        if isinstance(value, int) and not isinstance(value, bool):
            return _level_of_number(value)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return _BY_WORD.get(value["name"].lower())
    return None


def _level_of_number(value: int) -> Level | None:
    """Return the level of a number as in pino and bunyan (10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal)."""
    if value < 10 or value > 60:
        return None
    return "error" if value >= 50 else "warn" if value >= 40 else "info" if value >= 30 else "debug"
