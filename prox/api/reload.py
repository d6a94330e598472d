"""``/reload``: apply a changed prox.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from quart import Blueprint, Response

from prox.api.openapi import describe
from prox.api.responses import json_response
from prox.core.errors import ConfigError, Problem
from prox.instance.project import load_config
from prox.system.threads import in_thread

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class Reloaded(Struct, frozen=True, kw_only=True):
    """The effect of a reload on each process and job."""

    success: bool = True
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    ignored: tuple[str, ...]
    """Changed sections that take effect at the next start of prox."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("reload", __name__)

    @blueprint.post("/reload")
    @describe(Reloaded, errors=(409, 503))
    async def reload() -> Response:
        """Read prox.yaml again, check it, and apply the difference; respond when that is done."""
        config = supervisor.config
        if config.file is None:
            raise ConfigError(
                (Problem("prox", 0, 0, "", "the configuration is not from a file, so it cannot be reloaded"),)
            )
        new = await in_thread(lambda: load_config(str(config.file), project_dir=config.folder))
        found, goal = supervisor.reload(new)
        await goal.wait_done()
        return json_response(
            Reloaded(
                added=found.added,
                removed=found.removed,
                changed=found.changed,
                unchanged=found.unchanged,
                ignored=found.ignored,
            )
        )

    return blueprint
