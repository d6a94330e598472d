"""The difference between two configurations of one project, as `prox reload` applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from prox.core.config.digest import digests

if TYPE_CHECKING:
    from prox.core.config.model import Config

FIXED_SECTIONS = ("api", "logs", "proxy", "certs")
"""Sections that cannot change while an instance runs."""


class Difference(Struct, frozen=True):
    """Names of processes and jobs. ``ignored``: changed sections that take effect at the next start of prox."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def difference(old: Config, new: Config, started_with: Config) -> Difference:
    """Compare the running configuration with a new one.

    ``started_with``: the configuration file at the start, without the options that changed ``old``.
    """
    before, after = digests(old), digests(new)
    return Difference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        unchanged=tuple(name for name in after if after[name] == before.get(name)),
        ignored=tuple(key for key in FIXED_SECTIONS if getattr(started_with, key) != getattr(new, key)),
    )
