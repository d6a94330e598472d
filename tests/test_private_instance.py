"""The configuration of a private instance."""

from __future__ import annotations

from helpers.config import config_of
from prox.instance.private_settings import PrivateSettings
from prox.private_instance import COMMAND_INTERVAL, INTERVAL, private_config

TEXT = """
logs: {dir: elsewhere}
proxy: {domain: localhost, http_port: 6788}
services: {app: {process: api}}
processes:
  db: {cmd: x, port: 5432, fixed: true, healthcheck: {cmd: check}}
  api: {cmd: x, port: 8000, depends_on: [db, job], healthcheck: {tcp: true, start_interval: 10ms}}
  web: {cmd: x, port: {fd: 3}, healthcheck: {http: /}, depends_on: [api]}
jobs: {job: x}
"""


def test_ports_and_logs_are_its_own() -> None:
    config = private_config(config_of(TEXT), PrivateSettings())
    assert [spec.port for spec in config.processes.values()][:2] == [5432, "auto"]
    assert config.processes["web"].port == config_of(TEXT).processes["web"].port
    assert config.proxy
    assert (config.proxy.http_port, config.logs.dir) == (0, ".prox/logs")


def test_what_starts_is_checked_often() -> None:
    checks = [spec.healthcheck for spec in private_config(config_of(TEXT), PrivateSettings()).processes.values()]
    assert [check and check.start_interval for check in checks] == [COMMAND_INTERVAL, 0.01, INTERVAL]


def test_a_part_of_a_stack_depends_on_nothing_else() -> None:
    config = private_config(config_of(TEXT), PrivateSettings(only=["api", "web"]))
    assert {name: list(spec.depends_on) for name, spec in config.processes.items()} == {"api": [], "web": ["api"]}
    assert (config.jobs, config.services, config.proxy) == ({}, {}, None)
