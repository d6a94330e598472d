"""``/status``: what prox itself does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from quart import Blueprint, Response

from prox._version import __version__
from prox.api.answers import json_response
from prox.api.openapi import describe

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class Status(Struct, frozen=True, kw_only=True):
    """prox itself."""

    status: Literal["starting", "running", "stopping"]
    uptime_seconds: int
    config_file: str | None
    """Absolute; null where the configuration is no file."""
    api_version: str = "v1"
    version: str = __version__
    instance: str
    """A short random id of this run; every answer has it in the header `X-Prox-Instance`."""
    pid: int
    project_dir: str
    config_digest: str | None
    """Of the text of the configuration file that was read."""
    urls: dict[str, str]
    """Of the proxied services, by name."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("status", __name__)

    @blueprint.get("/status")
    @describe(Status)
    async def get_status() -> Response:
        """Return what prox itself does."""
        status = Status(
            status=supervisor.status,
            uptime_seconds=supervisor.uptime_seconds,
            config_file=supervisor.config.file,
            instance=supervisor.instance,
            pid=os.getpid(),
            project_dir=supervisor.config.folder,
            config_digest=supervisor.config.digest,
            urls=supervisor.urls,
        )
        return json_response(status)

    return blueprint
