"""The configuration of a test suite: a prox.yaml with overrides for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, init=False)
class Stack:
    """The path of a prox.yaml, settings that are merged over it, and variables for all its processes.

    ``overrides`` has the form of prox.yaml: ``{"processes": {"api": {"env": {"DEBUG": "1"}}}}``. Mappings
    are merged recursively, other values are replaced. ``env`` is added to the inherited environment, so that prox.yaml
    and its env files take precedence.
    """

    path: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        overrides: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        object.__setattr__(self, "path", Path(path).absolute())
        object.__setattr__(self, "overrides", dict(overrides or {}))
        object.__setattr__(self, "env", {name: str(value) for name, value in (env or {}).items()})

    @property
    def is_plain(self) -> bool:
        """Whether there are no overrides and no variables."""
        return not self.overrides and not self.env

    def changed(self, *, overrides: Mapping[str, Any] | None, env: Mapping[str, str] | None) -> Stack:
        """Return a stack with more overrides and variables."""
        merged = _merge(self.overrides, overrides or {})
        return Stack(self.path, overrides=merged, env={**self.env, **(env or {})})

    def key(self) -> str:
        """Return a text that ``from_key`` turns into an equal stack. Equal stacks have equal keys."""
        return json.dumps([str(self.path), self.overrides, self.env], sort_keys=True)

    @classmethod
    def from_key(cls, key: str) -> Stack:
        path, overrides, env = json.loads(key)
        return cls(path, overrides=overrides, env=env)

    @classmethod
    def of(cls, config: str | os.PathLike[str] | Stack) -> Stack:
        return config if isinstance(config, Stack) else cls(config)


def _merge(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
