"""Edit the hosts file (hosts(5)): one marked block for each project."""

from __future__ import annotations

import re


def block(project: str, names: list[str]) -> str:
    """Return the block of a project, which maps its names to the IPv4 and IPv6 loopback addresses."""
    lines = [f"{address} {name}" for name in names for address in ("127.0.0.1", "::1")]
    return "\n".join([_begin(project), *lines, _end(project)]) + "\n"


def with_block(text: str, project: str, names: list[str]) -> str:
    """Return the file with the project's block at the end, replacing an earlier one."""
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
