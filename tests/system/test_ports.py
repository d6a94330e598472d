"""Ports with real sockets and holders."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from prox.system.ports import RANGE, Holder, describe_holder, find_holders, free_ports, is_taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOLDER = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) > 2:
    if os.fork() == 0:
        sys.stdin.read()
        os._exit(0)
print(flush=True)
sys.stdin.read()
if len(sys.argv) > 2:
    os.wait()
"""


@pytest.fixture(autouse=True)
def seen_from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is written in the shortest way, which depends on where one stands."""
    monkeypatch.chdir("/usr/lib")


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def hold(tmp_path: Path, port: int) -> Iterator[Callable[..., int]]:
    """Start a process in ``tmp_path`` that listens on the port; return its pid."""
    with ExitStack() as stack:

        def hold(*args: str, argv: tuple[str, ...] = (sys.executable, "-c", HOLDER), cwd: Path = tmp_path) -> int:
            holder = subprocess.Popen(
                [*argv, str(port), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd, text=True
            )
            stack.callback(holder.communicate)
            assert holder.stdout
            assert holder.stdout.readline() == "\n"
            return holder.pid

        yield hold


def test_free_ports_are_free_and_different() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(port in RANGE and not is_taken(port) for port in ports)


def test_ports_that_are_promised_already_are_not_given() -> None:
    taken = set(RANGE[:-20])
    ports = free_ports(3, taken)
    assert set(ports) <= set(RANGE[-20:])


def test_a_port_that_is_held_on_one_address_only_is_not_free(port: int) -> None:
    others = set(RANGE) - {port}
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as sock:
            sock.bind((host, port))
            with pytest.raises(OSError, match="only 0 of 1 ports are free"):
                free_ports(1, others)
    assert free_ports(1, others) == [port]


def test_no_port_is_held_afterwards() -> None:
    before = len(os.listdir("/dev/fd"))
    free_ports(10)
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("reuse", [True, False])
def test_a_listener_on_any_address_takes_a_port(host: str, reuse: bool, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        if ":" in host:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        sock.bind((host, port))
        sock.listen()
        assert is_taken(port)
    assert not is_taken(port)


def test_a_socket_that_does_not_listen_yet_takes_a_port(port: int) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", port))
        assert is_taken(port)


@pytest.mark.parametrize("reuse", [True, False])
def test_connections_that_have_ended_do_not_take_a_port(reuse: bool, port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listener.accept()
            # Who closes first keeps the connection in TIME_WAIT.
            accepted.close()
            assert client.recv(1) == b""
            assert is_taken(port)
    assert not is_taken(port)


def test_nobody_holds_a_free_port(port: int) -> None:
    assert find_holders(port) == ()
    assert describe_holder(port) is None


def test_who_holds_a_port(hold: Callable[..., int], tmp_path: Path, port: int) -> None:
    pid = hold()
    (holder,) = find_holders(port)
    assert (holder.pid, holder.folder) == (pid, str(tmp_path))
    assert holder.name.startswith("python")
    assert holder.command.startswith(sys.executable)
    assert describe_holder(port) == f"{holder.name} (pid {pid}, started in {tmp_path})"


def test_of_a_server_and_its_workers_the_server_is_named(hold: Callable[..., int], port: int) -> None:
    pid = hold("with a worker")
    assert [holder.pid for holder in find_holders(port)] == [pid]


def test_a_program_that_calls_itself_otherwise(hold: Callable[..., int], port: int) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux shows what a process calls its main thread")
    renamed = f"open('/proc/self/comm', 'w').write('MainThread'){HOLDER}"
    hold(argv=(sys.executable, "-c", renamed))
    (holder,) = find_holders(port)
    assert holder.name.startswith("python")


def test_what_a_stranger_chose_cannot_drive_a_terminal(hold: Callable[..., int], tmp_path: Path, port: int) -> None:
    folder = tmp_path / "a\n\x1b[31mb"
    folder.mkdir()
    hold(cwd=folder)
    assert f"started in {tmp_path}/a b)" in str(describe_holder(port))


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("/home/me/code/shop", "../shop"),
        ("/home/me/code/site", "."),
        ("/home/me", "~"),
        ("/home/me/.cache/x", "~/.cache/x"),
        ("/home/mean/with/a/long/path", "/home/mean/with/a/long/path"),
        ("/srv", "/srv"),
    ],
)
def test_a_folder_is_written_the_shortest_way(
    folder: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "home" / "me" / "code" / "site"
    here.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    monkeypatch.chdir(here)
    under = folder if folder == "/srv" else f"{tmp_path}{folder}"
    expected = shown if shown in ("/srv", ".") or not shown.startswith("/") else f"{tmp_path}{shown}"
    holder = Holder(pid=7, name="node", folder=under)
    assert str(holder) == f"node (pid 7, started in {min(expected, os.path.relpath(under), key=len)})"


def test_what_is_not_known_of_a_holder() -> None:
    assert str(Holder(None)) == "a process of another user"
    assert str(Holder(7)) == "a process (pid 7)"


@pytest.mark.parametrize(
    ("host", "taken"),
    [("127.0.0.1", True), ("0.0.0.0", True), ("::1", True), ("::", True), ("127.0.0.2", False), ("127.1.2.3", False)],
)
def test_only_where_a_process_would_collide_it_is_taken(host: str, taken: bool) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        assert is_taken(server.getsockname()[1]) is taken
