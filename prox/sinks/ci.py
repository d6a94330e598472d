"""The markers around the output of a job in a CI system, which is printed as one block at its end.

- GitHub Actions: workflow commands, https://docs.github.com/actions/reference/workflow-commands-for-github-actions
- GitLab: collapsible sections, https://docs.gitlab.com/ci/jobs/job_logs/
- plain: a line before.

A job that prints groups itself gets no group around it: neither system nests groups.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Mapping

CiName = Literal["github", "gitlab", "plain"]

MAX_ERRORS = 10
"""The maximum number of annotations of a run: GitHub shows no more for one step."""

_OWN_GROUPS: dict[CiName, re.Pattern[bytes]] = {
    "github": re.compile(rb"^\S+ (?:out|err) \s*::group::", re.MULTILINE),
    "gitlab": re.compile(rb"section_start:\d+:"),
}
"""Patterns of the start of a group in a log file (``record``)."""


@dataclass(frozen=True, slots=True)
class Block:
    """The output block of a job. ``title``: one line."""

    name: str
    title: str
    failed: bool
    error: str | None = None
    """The text of an annotation."""


def detect_ci(environment: Mapping[str, str]) -> CiName | None:
    """Return the CI system that an environment belongs to, None outside of CI."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return "github"
    if environment.get("GITLAB_CI") == "true":
        return "gitlab"
    return "plain" if environment.get("CI", "") not in ("", "0", "false") else None


def has_own_groups(ci: CiName, data: bytes) -> bool:
    """Return whether the output of a job, in the format of a log file, contains groups."""
    pattern = _OWN_GROUPS.get(ci)
    return pattern is not None and pattern.search(data) is not None


def before(ci: CiName, block: Block, *, grouped: bool) -> bytes:
    """Return the marker before the output. ``grouped``: the output may be folded."""
    title = escape_controls(block.title)
    if ci == "github" and grouped and not block.failed:
        return f"::group::{title}\n".encode()
    if ci == "gitlab" and grouped:
        folded = "" if block.failed else "[collapsed=true]"
        return f"\x1b[0Ksection_start:{int(time.time())}:{_section(block.name)}{folded}\r\x1b[0K{title}\n".encode()
    return f"=== {title}\n".encode()


def after(ci: CiName, block: Block, *, grouped: bool, errors: int) -> bytes:
    """Return the marker after the output. ``errors``: the number of annotations so far."""
    text = ""
    if ci == "github" and grouped and not block.failed:
        text = "::endgroup::\n"
    elif ci == "gitlab" and grouped:
        text = f"\x1b[0Ksection_end:{int(time.time())}:{_section(block.name)}\r\x1b[0K\n"
    if ci == "github" and block.error is not None and errors < MAX_ERRORS:
        title = _escaped(block.name).replace(":", "%3A").replace(",", "%2C")
        text += f"::error title={title}::{_escaped(block.error)}\n"
    return text.encode()


def closing(ci: CiName, unresolved: bytes | None, *, grouped: bool) -> bytes:
    """Return the commands that reset the state that the output of a job may have left.

    ``unresolved``: the token of an open ``::stop-commands::``, which would make the runner ignore all further commands.
    """
    if ci != "github":
        return b""
    resume = b"::" + unresolved + b"::\n" if unresolved else b""
    # The job may have left a group open; without one, this has no effect.
    return resume if grouped else resume + b"::endgroup::\n"


def stopped_commands(line: bytes, token: bytes | None) -> bytes | None:
    """Return the token of the ``stop-commands`` in effect after a line. ``token``: the one in effect before."""
    text = line.strip()
    if token is not None:
        return None if text == b"::" + token + b"::" else token
    return text.removeprefix(b"::stop-commands::") if text.startswith(b"::stop-commands::") else None


def _section(name: str) -> str:
    """Return a section name of the characters that GitLab allows: letters, digits, ``_``, ``.`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _escaped(text: str) -> str:
    """Escape a value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
