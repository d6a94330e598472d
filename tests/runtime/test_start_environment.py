"""The variables of the next start: read beside the event loop, checked ahead, and kept while they hold."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import prox
from prox.core.errors import ConfigError
from prox.runtime import start_environment
from prox.runtime.start_environment import StartEnvironment
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """
processes:
  web: {cmd: "true", env_file: .env, env: {A: file}, port: auto}
  plain: {cmd: "true", env: {A: plain}}
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    (tmp_path / ".env").write_text("FROM_FILE=1\n")
    (tmp_path / ".env").chmod(0o644)
    return Supervisor(prox.parse_config(TEXT, folder=tmp_path), folder=tmp_path)


def environment(supervisor: Supervisor, name: str = "web") -> StartEnvironment:
    return StartEnvironment(name, supervisor._context)


async def test_files_are_read_at_each_start(supervisor: Supervisor, tmp_path: Path) -> None:
    found, spec = environment(supervisor), supervisor.config.processes["web"]
    assert (await found.take(spec, None)).variables["FROM_FILE"] == "1"
    (tmp_path / ".env").write_text("FROM_FILE=2\n")
    assert found.configured(spec)["FROM_FILE"] == "1"
    assert (await found.take(spec, None)).variables["FROM_FILE"] == "2"
    assert found.configured(spec) == {"FROM_FILE": "2", "A": "file"}


async def test_prepared_variables_are_used_once_and_only_for_the_same_ports(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    found, spec = environment(supervisor), supervisor.config.processes["web"]
    await found.prepare(spec, None, str(tmp_path))
    (tmp_path / ".env").write_text("FROM_FILE=2\n")
    assert (await found.take(spec, None)).variables["FROM_FILE"] == "1"
    assert (await found.take(spec, None)).variables["FROM_FILE"] == "2"
    await found.prepare(spec, None, str(tmp_path))
    supervisor._context.ports["web"] += 1
    (tmp_path / ".env").write_text("FROM_FILE=3\n")
    assert (await found.take(spec, None)).variables["FROM_FILE"] == "3"


async def test_a_broken_file_fails_the_preparation_without_its_text(supervisor: Supervisor, tmp_path: Path) -> None:
    found, spec = environment(supervisor), supervisor.config.processes["web"]
    (tmp_path / ".env").write_text("SECRET VALUE\n")
    with pytest.raises(prox.StartFailed, match=r"\.env:1:1") as failure:
        await found.prepare(spec, None, str(tmp_path))
    assert "SECRET" not in str(failure.value)
    with pytest.raises(ConfigError):
        await found.take(spec, None)
    await found.preview(spec)
    assert found.configured(spec) == {}


async def test_a_named_pipe_that_nobody_writes_to_is_given_up(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").unlink()
    os.mkfifo(tmp_path / ".env", 0o600)
    monkeypatch.setattr(start_environment, "ENV_SECONDS", 0.05)
    writer = os.open(tmp_path / ".env", os.O_RDWR)
    try:
        with pytest.raises(prox.StartFailed, match=r"its env files could not be read within 0.05 s"):
            await environment(supervisor).take(supervisor.config.processes["web"], None)
    finally:
        # The thread that reads sees the end, or a line.
        os.write(writer, b"A=1\n")
        os.close(writer)


async def test_without_files_nothing_is_read_ahead(supervisor: Supervisor) -> None:
    found, spec = environment(supervisor, "plain"), supervisor.config.processes["plain"]
    assert found.configured(spec) == {"A": "plain"}
    assert (await found.take(spec, 2)).variables["PROX_ATTEMPT"] == "2"
    found.forget()
    assert found.configured(spec) == {"A": "plain"}
