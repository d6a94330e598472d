"""The hosts file: one marked block for each project (hosts(5))."""

from __future__ import annotations

import re


def block(project: str, names: list[str]) -> str:
    """Return the block of a project: its names lead to this machine, by IPv4 and IPv6."""
    lines = [f"{address} {name}" for name in names for address in ("127.0.0.1", "::1")]
    return "\n".join([_begin(project), *lines, _end(project)]) + "\n"


def with_block(text: str, project: str, names: list[str]) -> str:
    """Return the file with the project's block, in the place of an earlier one, or at the end. All else stays."""
    rest = without_block(text, project)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + block(project, names)


def without_block(text: str, project: str) -> str:
    """Return the file without the project's block."""
    pattern = rf"^{re.escape(_begin(project))}\n(?:.*\n)*?{re.escape(_end(project))}(?:\n|\Z)"
    return re.sub(pattern, "", text, flags=re.MULTILINE)


def has_block(text: str, project: str, names: list[str]) -> bool:
    return block(project, names) in text if text.endswith("\n") else block(project, names) in text + "\n"


def _begin(project: str) -> str:
    return f"# prox: begin {project}"


def _end(project: str) -> str:
    return f"# prox: end {project}"
