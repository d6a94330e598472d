"""A private instance, as test suites start it: on free ports, in a folder of its own, beside others of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prox.core.config.model import Logs
from prox.core.runs.stack import isolated, reduced

if TYPE_CHECKING:
    from prox.core.config.model import Config
    from prox.instance.private_settings import PrivateSettings


def private_config(config: Config, settings: PrivateSettings) -> Config:
    """Return a configuration on free ports, with its log files in the instance's own folder."""
    if settings.only is not None:
        config = reduced(config, settings.only)
    logs = msgspec.structs.replace(config.logs, dir=Logs().dir)
    return msgspec.structs.replace(isolated(config), logs=logs)
