"""The settings of a private instance, written by the test process that starts it, read by `prox up --private`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "private.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateSettings:
    overrides: dict[str, Any] = field(default_factory=dict)
    """Merged over the configuration."""
    only: list[str] | None = None
    """The processes and jobs of the instance; None: all. Other dependencies count as ready."""
    ports: dict[str, int] = field(default_factory=dict)
    """The ports of the other processes."""
    urls: dict[str, str] = field(default_factory=dict)
    """The URLs of the proxied services of another instance."""

    def write(self, folder: Path) -> None:
        path = folder / _FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)))

    @property
    def overrides_text(self) -> str | None:
        """The overrides as YAML, of which JSON is a subset; None if there are none."""
        return json.dumps(self.overrides) if self.overrides else None


def read_private_settings(folder: Path) -> PrivateSettings:
    """Return the settings of the instance with this folder; the defaults if there is no file."""
    try:
        return PrivateSettings(**json.loads((folder / _FILE).read_text()))
    except FileNotFoundError:
        return PrivateSettings()
