"""Runs the test suite of redis-py on the Redis of prox.yaml."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from prox.testing import StackHandle

NO_SERVER = "redis://127.0.0.1:1"


@pytest.fixture(scope="session")
def prox_config() -> Path:
    """The configuration beside this file: pytest's root folder is that of the suite."""
    return Path(__file__).with_name("prox.yaml")


@pytest.fixture(scope="session", autouse=True)
def redis_server(prox: StackHandle, pytestconfig: pytest.Config) -> None:
    """Start Redis, and set the suite's option `--redis-url`, which its fixtures read."""
    redis = prox["redis"]
    pytestconfig.option.redis_url = f"redis://{redis.host}:{redis.port}/0"


def pytest_configure(config: pytest.Config) -> None:
    """Keep the suite away from a Redis of the system, which it looks for when the session starts."""
    config.option.redis_url = config.option.redis_mod_url = NO_SERVER


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Tell the suite the version of Redis: it selects tests by it before any fixture runs."""
    answer = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"v=(\S+)", answer)
    assert found, answer
    session.config.REDIS_INFO["version"] = found[1]  # type: ignore[attr-defined]
