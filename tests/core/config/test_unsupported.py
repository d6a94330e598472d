"""What has no effect yet is told, and only that."""

from __future__ import annotations

import pytest

from helpers.config import config_of
from prox.core.config.unsupported import not_yet


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("tty: true", "tty"),
    ],
)
def test_a_key_of_a_process(key: str, path: str) -> None:
    config = config_of(f"processes:\n  web:\n    cmd: x\n    {key}\n  other: y\n")
    assert list(not_yet(config)) == [f"processes.web.{path}"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("jobs: {j: {cmd: x, tty: true}}", "jobs.j.tty"),
    ],
)
def test_a_section(text: str, path: str) -> None:
    assert list(not_yet(config_of(f"processes: {{web: x}}\n{text}"))) == [path]


@pytest.mark.parametrize(
    "key",
    [
        "port: 80",
        "port: auto",
        "restart: always",
        "restart: {policy: no, max: 3}",
        "stop: {signal: INT, timeout: 1s, cmd: y}",
        "start_timeout: 1m",
        "autostart: false",
        "groups: [g]",
        "healthcheck: {tcp: 80}",
        "depends_on: [other]",
        "env_file: ?x",
        "description: x",
        "port: {fd: 3}",
        "fixed: true",
        "reset: [psql]",
        "per_worker: true",
    ],
)
def test_nothing_is_told_of_what_has_its_effect(key: str) -> None:
    assert list(not_yet(config_of(f"processes:\n  web:\n    cmd: x\n    {key}\n  other: y\n"))) == []


@pytest.mark.parametrize(
    "text", ["proxy: {domain: localhost, http_port: 80}", "services: {app: 80}", "certs: {export: true}"]
)
def test_nothing_is_told_of_sections_that_have_their_effect(text: str) -> None:
    assert list(not_yet(config_of(f"processes: {{web: x}}\n{text}"))) == []
