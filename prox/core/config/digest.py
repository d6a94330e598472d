"""Digests of process configurations, to compare two instances or two versions of prox.yaml."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from prox.core.config.jobs import all_specs

if TYPE_CHECKING:
    from prox.core.config.model import Config


def digests(config: Config) -> dict[str, str]:
    """Return a digest of each process and job, over everything that it is started with.

    The contents of env files, which are read at each start, are not included.
    """
    common = [config.folder, config.env, config.env_file]
    return {name: _digest([common, spec, config.jobs.get(name)]) for name, spec in all_specs(config).items()}


def _digest(value: object) -> str:
    # The standard library's JSON escapes names that are not UTF-8.
    text = json.dumps(msgspec.to_builtins(value, order="deterministic"))
    return sha256(text.encode()).hexdigest()[:16]
