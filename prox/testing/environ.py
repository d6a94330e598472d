"""The environment of a process, as prox builds it, secrets included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prox.core.config.jobs import all_specs
from prox.core.environment import build_environment, own_variables
from prox.instance.env_files import read_env_file
from prox.instance.private_settings import PrivateSettings
from prox.instance.project import load_config

if TYPE_CHECKING:
    from prox.core.environment import Layer
    from prox.testing.instance import Instance


def environment_of(name: str, instance: Instance) -> dict[str, str]:
    """Return the variables of a process without the inherited ones. Raises ConfigError."""
    stack = instance.stack
    config = load_config(stack.path, overrides=PrivateSettings(overrides=stack.overrides).overrides_text)
    spec = all_specs(config)[name]
    ports = instance.other_ports | {
        each: process["port"] for each, process in instance.processes().items() if process["port"]
    }
    status = instance.client.status()
    layers: list[Layer] = [
        *(read_env_file(config.folder, file) for file in config.env_file),
        config.env,
        *(read_env_file(config.folder, file) for file in spec.env_file),
        spec.env,
    ]
    own = own_variables(name, status["instance"], ports, status["urls"], worker=instance.place or "main")
    built = build_environment({**os.environ, **stack.env}, layers, own)
    return stack.env | built.configured | own
