"""A digest of a process's configuration, by which two instances compare it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from prox.core.config.jobs import all_specs

if TYPE_CHECKING:
    from prox.core.config.model import Config


def digests(config: Config) -> dict[str, str]:
    """Return the digest of each process and job: equal exactly where everything that it is started with is equal.

    The contents of env files, which are read at each start, do not count.
    """
    encode = msgspec.json.Encoder(order="deterministic").encode
    common = encode([config.folder, config.env, config.env_file, config.shutdown_timeout])
    jobs = config.jobs
    return {
        name: sha256(common + encode(spec) + encode(jobs.get(name))).hexdigest()[:16]
        for name, spec in all_specs(config).items()
    }
