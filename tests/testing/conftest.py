"""One real private instance per pytest process, for the tests of the harness's parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.testing.process import ProcessHandle
from prox.testing.running import up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prox.testing.handle import StackHandle
    from prox.testing.instance import Instance

PROX_YAML = """
env_file: .env
env: {EVERYWHERE: file}
processes:
  db: {cmd: "echo db begins; exec sleep 1000", healthcheck: {log: begins}, reset: "test ! -e broken"}
  api:
    cmd: "echo api begins; exec sleep 1000"
    depends_on: [db]
    port: 8000
    env: {API_TOKEN: secret}
    autostart: false
  bad: {cmd: "echo the cause >&2; exit 3", depends_on: [db], healthcheck: {log: never}, autostart: false}
  later: {cmd: "echo later begins; exec sleep 1000", autostart: false}
"""


@pytest.fixture(scope="session")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "prox.yaml").write_text(PROX_YAML)
    (folder / ".env").write_text("FROM_FILE=yes\n")
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@pytest.fixture(scope="session")
def stack_handle(project_folder: Path) -> Iterator[StackHandle]:
    """A stack of which ``db`` is ready."""
    with up("db", config=project_folder / "prox.yaml", env={"GIVEN": "by the test"}) as handle:
        yield handle


@pytest.fixture
def instance(stack_handle: StackHandle) -> Iterator[Instance]:
    """The instance of that stack. What a test starts is stopped at its end, and what it has noted is forgotten."""
    found = stack_handle._instance
    yield found
    found.shared = None
    for name in ("api", "later"):
        ProcessHandle(name, found).stop()
    found.changed.clear()
