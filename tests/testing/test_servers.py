"""The instances of a session: one for each stack, which workers reach over a socket."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from prox.testing.failures import StartFailure
from prox.testing.server import ServerFailed, client_of
from prox.testing.servers import RemoteServers, Servers
from prox.testing.stack import Stack

TEXT = """
processes:
  web: {cmd: "echo begins; exec sleep 1000", healthcheck: {log: begins}, autostart: false}
  bad: {cmd: exit 3, healthcheck: {log: never}, autostart: false}
"""


@pytest.fixture
def key(tmp_path: Path) -> str:
    file = tmp_path / "prox.yaml"
    file.write_text(TEXT)
    file.chmod(0o644)
    return Stack(file).key()


def test_a_worker_gets_the_instance_of_the_controller(tmp_path: Path, key: str) -> None:
    with closing(Servers(tmp_path / "session")) as servers:
        (tmp_path / "session").mkdir()
        remote = RemoteServers(servers.listen())
        folder, facts, reused = remote.open(key)
        assert (folder, facts, reused) == servers.open(key)
        assert servers.folders == [folder]
        remote.bring_up(key, "web", 30.0, "test")
        assert client_of(folder).process("web")["ready"]
        with pytest.raises(StartFailure, match="bad is not ready: exited with code 3"):
            remote.bring_up(key, "bad", 30.0, "test")
        assert (Path(remote._path).stat().st_mode & 0o777) == 0o600
    with pytest.raises(ServerFailed, match="prox has exited"):
        client_of(folder)
    with pytest.raises(ServerFailed, match="the controller of pytest-xdist is gone"):
        remote.open(key)


def test_a_stack_that_failed_is_not_tried_again(tmp_path: Path) -> None:
    with closing(Servers(tmp_path / "session")) as servers:
        key = Stack(tmp_path / "missing.yaml").key()
        for _ in range(2):
            with pytest.raises(ServerFailed, match="does not exist"):
                servers.open(key)
            (tmp_path / "missing.yaml").write_text(TEXT)
