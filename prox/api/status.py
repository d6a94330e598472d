"""``/status``: the state of prox itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from quart import Blueprint, Response

from prox._version import __version__
from prox.api.openapi import describe
from prox.api.responses import json_response

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class Status(Struct, frozen=True, kw_only=True):
    """The state of prox itself."""

    status: Literal["starting", "running", "stopping"]
    uptime_seconds: int
    config_file: str | None
    """Absolute path; null if the configuration is not from a file."""
    api_version: str = "v1"
    version: str = __version__
    instance: str
    """A short random id of this instance; every response has it in the header `X-Prox-Instance`."""
    pid: int
    project_dir: str
    config_digest: str | None
    """The digest of the configuration file's text, as it was read."""
    urls: dict[str, str]
    """The URLs of the proxied services, by name."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("status", __name__)

    @blueprint.get("/status")
    @describe(Status)
    async def get_status() -> Response:
        """Return the state of prox itself."""
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
