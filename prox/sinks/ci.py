"""How the output of a job is shown in a CI system: one block, when it has ended.

- GitHub Actions: workflow commands, https://docs.github.com/actions/reference/workflow-commands-for-github-actions
- GitLab: collapsible sections, https://docs.gitlab.com/ci/jobs/job_logs/
- plain: a line before and one after.

A job that prints groups of its own gets none around it: neither system nests them.
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
"""Annotations of one run: GitHub shows no more for one step."""

_OWN_GROUPS: dict[CiName, re.Pattern[bytes]] = {
    "github": re.compile(rb"^\S+ (?:out|err) \s*::group::", re.MULTILINE),
    "gitlab": re.compile(rb"section_start:\d+:"),
}
"""The record in a log file that begins a group (``record``)."""


@dataclass(frozen=True, slots=True)
class Block:
    """The markers around the output of a job. ``title``: one line."""

    name: str
    title: str
    failed: bool
    error: str | None = None
    """The text of an annotation."""


def detect_ci(environment: Mapping[str, str]) -> CiName | None:
    """Return the CI system that an environment belongs to; None: it is none."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return "github"
    if environment.get("GITLAB_CI") == "true":
        return "gitlab"
    return "plain" if environment.get("CI", "") not in ("", "0", "false") else None


def has_own_groups(ci: CiName, data: bytes) -> bool:
    """Return whether the output of a job, as it is in a log file, has groups of its own."""
    pattern = _OWN_GROUPS.get(ci)
    return pattern is not None and pattern.search(data) is not None


def before(ci: CiName, block: Block, *, grouped: bool) -> bytes:
    """Return what stands before the output; ``grouped``: it may be folded."""
    title = escape_controls(block.title)
    if ci == "github" and grouped and not block.failed:
        return f"::group::{title}\n".encode()
    if ci == "gitlab" and grouped:
        folded = "" if block.failed else "[collapsed=true]"
        return f"\x1b[0Ksection_start:{int(time.time())}:{_section(block.name)}{folded}\r\x1b[0K{title}\n".encode()
    return f"=== {title}\n".encode()


def after(ci: CiName, block: Block, *, grouped: bool, errors: int) -> bytes:
    """Return what stands after the output. ``errors``: annotations before this one."""
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
    """Return what ends a state that a job has left behind.

    ``unresolved``: the token of a ``::stop-commands::`` without its end; the runner would ignore all further commands.
    """
    if ci != "github":
        return b""
    resume = b"::" + unresolved + b"::\n" if unresolved else b""
    # A group of its own may be open; the end of one that is not does nothing.
    return resume if grouped else resume + b"::endgroup::\n"


def stopped_commands(line: bytes, token: bytes | None) -> bytes | None:
    """Return the token of the workflow command ``stop-commands`` that holds after a line; ``token``: before it."""
    text = line.strip()
    if token is not None:
        return None if text == b"::" + token + b"::" else token
    return text.removeprefix(b"::stop-commands::") if text.startswith(b"::stop-commands::") else None


def _section(name: str) -> str:
    """Return the name of a section, which GitLab allows letters, digits, ``_``, ``.`` and ``-``."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _escaped(text: str) -> str:
    """Escape a value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
