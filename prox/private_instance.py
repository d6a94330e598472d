"""The configuration of a private instance, as test suites start it: with free ports and a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prox.core.config.model import Logs
from prox.core.runs.stack import isolated, reduced

if TYPE_CHECKING:
    from prox.core.config.model import Config, ProcessSpec
    from prox.instance.private_settings import PrivateSettings


INTERVAL, COMMAND_INTERVAL = 0.03, 0.1
"""Seconds between health checks during a start; a command costs more than a connection."""


def private_config(config: Config, settings: PrivateSettings) -> Config:
    """Return a configuration on free ports, with its log files in the instance's own folder."""
    if settings.only is not None:
        config = reduced(config, settings.only)
    logs = msgspec.structs.replace(config.logs, dir=Logs().dir)
    processes = {name: _with_frequent_checks(spec) for name, spec in config.processes.items()}
    return msgspec.structs.replace(isolated(msgspec.structs.replace(config, processes=processes)), logs=logs)


def _with_frequent_checks(spec: ProcessSpec) -> ProcessSpec:
    """Return a specification with a short ``start_interval``, as tests wait for readiness."""
    check = spec.healthcheck
    if check is None:
        return spec
    interval = min(check.start_interval, COMMAND_INTERVAL if check.cmd is not None else INTERVAL)
    return msgspec.structs.replace(spec, healthcheck=msgspec.structs.replace(check, start_interval=interval))
