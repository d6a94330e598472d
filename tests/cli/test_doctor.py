"""`prox doctor`: what it finds, and what it ends."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import is_alive
from helpers.project import kill_with_guard

if TYPE_CHECKING:
    from helpers.project import Project


def findings(project: Project) -> dict[str, tuple[bool, str]]:
    ran = project.client("doctor", "--json")
    found = json.loads(ran.stdout)
    assert ran.returncode == (0 if found["ok"] else 1)
    assert found["ok"] == all(each["ok"] for each in found["findings"])
    return {each["subject"]: (each["ok"], each["message"]) for each in found["findings"]}


def test_all_is_well(project: Project) -> None:
    project.write("processes: {api: {cmd: [sh, -c, exec sleep 1000], port: auto}}\njobs: {one: echo, two: echo}")
    ran = project.client("doctor")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[:4] == [
        "ok       prox.yaml: valid, 1 process and 2 jobs",
        "ok       .prox: will be created by `prox up`",
        "ok       logs.dir: writable",
        "ok       leftovers: none",
    ]
    # It has only looked.
    assert os.listdir(project.folder) == ["prox.yaml"]


def test_a_port_that_is_taken(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"api.port": one.getsockname()[1], "processes.api.port": other.getsockname()[1]}
        first, second = ports.values()
        project.write(f"api: {{port: {first}}}\nprocesses: {{api: {{cmd: x, port: {second}}}}}")
        found = findings(project)
    for key, port in ports.items():
        ok, message = found[key]
        assert not ok
        assert message.startswith(f"port {port} is taken by ")
        assert f"(pid {os.getpid()}" in message
        assert findings(project)[key] == (True, f"port {port} is free")


def test_a_port_of_our_own(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    project.write(f"api: {{port: {port}}}\nprocesses: {{api: exec sleep 1000}}")
    with project.up():
        found = findings(project)
    assert found["api.port"] == (True, f"port {port} is in use by this instance")
    assert found["leftovers"] == (True, "not checked: an instance is running")


def test_what_was_left_is_named_and_ended(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {api: exec sleep 1000}")
    with project.up() as prox:
        pid = project.get("/processes/api").json()["pid"]
        kill_with_guard(prox.pid)
        prox.wait()
    assert is_alive(pid)
    found = findings(project)["leftovers"]
    assert found == (True, f"left running by a prox that was killed: api: sleep 1000 (pid {pid}); ended")
    assert not is_alive(pid)
    assert findings(project)["leftovers"] == (True, "none")
    assert sorted(os.listdir(project.folder / ".prox")) == [".gitignore", "logs"]


def test_what_is_not_there(project: Project) -> None:
    project.write("""
processes:
  api: {cmd: [no-such-program]}
  web: {cmd: [./serve]}
  worker: {cmd: x, cwd: nowhere}
jobs:
  seed: {cmd: [sh, seed.sh]}
""")
    found = findings(project)
    assert found["processes.api.cmd"] == (False, "command 'no-such-program' not found in PATH")
    assert found["processes.web.cmd"] == (False, "command './serve' not found in PATH")
    missing = project.folder / "nowhere"
    assert found["processes.worker.cwd"] == (
        False,
        f"its working directory {missing} does not exist; create it, or change its cwd",
    )
    assert "jobs.seed.cmd" not in found


def test_folders(project: Project) -> None:
    project.write("processes: {api: x}\nlogs: {dir: prox.yaml/logs}")
    (project.folder / ".prox").symlink_to(project.folder.parent)
    found = findings(project)
    assert found[".prox"][0] is False
    assert "symbolic link" in found[".prox"][1]
    assert found["logs.dir"] == (False, f"cannot write to {project.folder / 'prox.yaml'}; no lines would be kept")


def test_names_and_certificates_of_the_proxy(project: Project) -> None:
    project.write("""
processes: {api: {cmd: x, port: auto}}
proxy: {https_port: 46789, domain: nowhere.invalid}
services: {api: {process: api}}
certs: {dir: certs}
""")
    found = findings(project)
    for host in ("nowhere.invalid", "api.nowhere.invalid"):
        assert found[host] == (False, "does not resolve; `sudo prox hosts --add` adds it to /etc/hosts")
    assert found["certificates"] == (True, "will be made when they are needed")
    key = project.write("secret", "certs/local-key.pem")
    assert found["proxy.https_port"] == (True, "port 46789 is free")
    assert findings(project)["certificates"][1].startswith("other users can read local-key.pem in ")
    key.chmod(0o600)
    assert findings(project)["certificates"][0] is True


def test_what_cannot_be_read(project: Project) -> None:
    project.write("processes: {api: {cmnd: x}}")
    ran = project.client("doctor")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "did you mean 'cmd'?" in ran.stderr


@pytest.mark.parametrize("host", ["localhost", "local.localhost"])
def test_localhost_needs_nothing(project: Project, host: str) -> None:
    project.write(f"processes: {{api: x}}\nproxy: {{enabled: true, https_port: 46789, domain: {host}}}")
    assert findings(project)[host][0] is True
