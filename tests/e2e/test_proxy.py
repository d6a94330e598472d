"""The proxy of the real program: addresses, commands, the end."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from helpers.project import Answer, request, wait_until
from helpers.real import status

if TYPE_CHECKING:
    from helpers.project import Project, RunningProx

SERVER = """
import http.server, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = (self.path + " " + self.headers["Host"]).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, text, *values):
        print(self.command, self.path, self.headers["X-Request-Id"], flush=True)

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
CONFIG = f"""
api: {{port: 0}}
processes:
  web:
    cmd: exec {sys.executable} server.py $PORT
    port: auto
    healthcheck: {{tcp: true, interval: 100ms, start_interval: 20ms}}
  shown: {{cmd: "env; exec sleep 1000"}}
proxy: {{domain: localhost, http_port: 1}}
services: {{app: {{process: web}}, my-other: 9}}
certs: {{dir: certs, export: true}}
"""


@pytest.fixture
def web(project: Project) -> Project:
    project.write(SERVER, "server.py")
    project.write(CONFIG)
    return project


def up(project: Project, *args: str) -> tuple[RunningProx, int]:
    """Run it with ports that are free; return it and the proxy's port."""
    running = project.up("--http-port", "0", *args)
    found = re.search(r"proxy: https?://localhost:(\d+)", running.wait_line("proxy: "))
    assert found
    return running, int(found[1])


def get(port: int, path: str, host: str = "app.localhost", method: str = "GET", body: bytes | None = None) -> Answer:
    return request("127.0.0.1", port, method, path, body, {"Host": f"{host}:{port}"})


def records(project: Project, *args: str) -> list[dict[str, Any]]:
    return json.loads(project.client("requests", "--json", *args).stdout)["requests"]


def test_requests_are_forwarded_and_shown(web: Project) -> None:
    running, port = up(web)
    with running:
        assert get(port, "/hello").body == f"/hello app.localhost:{port}".encode()
        assert get(port, "/missing").status == 404
        assert get(port, "/form", method="POST", body=b"a=1").body == b"a=1"
        assert [each["url"] for each in records(web)] == ["/form", "/missing", "/hello"]
        assert [each["url"] for each in records(web, "--min-status", "400")] == ["/missing"]
        assert [each["url"] for each in records(web, "--method", "post", "-n", "1")] == ["/form"]
        assert records(web, "--subdomain", "other") == []
        listed = web.client("requests").stdout.splitlines()
        assert listed[0].split() == ["ID", "TIME", "STATUS", "METHOD", "SERVICE", "TOOK", "SIZE", "URL"]
        assert [line.split()[-1] for line in listed[1:]] == ["/hello", "/missing", "/form"]
        assert web.client("requests", "--subdomain", "x").stdout == "no requests yet\n"

        id = records(web)[0]["id"]
        shown = web.client("requests", id, "--body").stdout
        assert f"POST http://app.localhost:{port}/form" in shown
        assert shown.count("\na=1\n") == 2
        assert re.search(r"\* \S+Z POST /form [0-9a-f]{32}", shown), "its own line is marked"
        cookie = records(web)[2]["id"]
        assert "Set-Cookie: [REDACTED]" in web.client("requests", cookie).stdout
        assert "Set-Cookie: a=b" in web.client("requests", cookie, "--secrets").stdout

        command = web.client("requests", id, "--curl").stdout.strip()
        ran = subprocess.run(command.replace("curl ", "curl -s ", 1), shell=True, capture_output=True, check=True)
        assert ran.stdout == b"a=1"
        replayed = web.client("requests", "replay", id)
        assert (replayed.returncode, "201 in" in replayed.stdout) == (0, True)
        assert web.client("requests", "replay", id, "--service", "my-other").returncode == 1
        (web.folder / "out.har").touch(mode=0o644)
        ran = web.client("requests", "--har", "out.har")
        assert ran.returncode == 0
        assert len(json.loads((web.folder / "out.har").read_text())["log"]["entries"]) == 6
        assert (web.folder / "out.har").stat().st_mode & 0o777 == 0o600
        for words, code in (("zzzzzzz",), 1), (("replay",), 64), (("a", "b"), 64), (("--curl",), 64):
            assert web.client("requests", *words).returncode == code, words


def test_following(web: Project) -> None:
    running, port = up(web)
    with running, web.launch("requests", "-f", "--json") as following:
        stop = threading.Event()

        def ask() -> None:
            while not stop.wait(0.05):
                get(port, "/again")

        asking = threading.Thread(target=ask)
        asking.start()
        line = following.wait_line("/again")
        stop.set()
        asking.join()
        assert json.loads(line)["status_code"] == 200
        running.signal(signal.SIGTERM)
        assert running.wait() == 0
        assert following.wait() == 0


def test_processes_learn_the_urls(web: Project) -> None:
    running, port = up(web)
    with running:
        running.wait_line(f"PROX_URL_APP=http://app.localhost:{port}")
        running.wait_line(f"PROX_URL_MY_OTHER=http://my-other.localhost:{port}")
        assert "NODE_EXTRA_CA_CERTS" not in running.output, "without HTTPS there is no authority"


def test_https(web: Project) -> None:
    running, _ = up(web, "--https-port", "0")
    with running:
        found = re.search(r"https://localhost:(\d+)", running.wait_line("proxy: "))
        assert found
        port = int(found[1])
        running.wait_line(f"NODE_EXTRA_CA_CERTS={web.folder}/certs/ca.pem")
        context = ssl.create_default_context(cafile=str(web.folder / "certs/ca.pem"))
        wait_until(lambda: status(web, "web")["health"] == "healthy")
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="app.localhost") as secured,
        ):
            secured.sendall(b"GET /x HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := secured.recv(65536):
                answer += data
            assert answer.startswith(b"HTTP/1.1 200")
        shown = web.client("certs")
        assert str(web.folder / "certs/localhost.pem") in shown.stdout
        assert "app.localhost" in json.loads(web.client("certs", "--json").stdout)["names"]
        before = (web.folder / "certs/localhost.pem").read_bytes()
        assert web.client("certs", "--regenerate").returncode == 0
        assert (web.folder / "certs/localhost.pem").read_bytes() != before
        refused = web.client("certs", "--trust")
        assert (refused.returncode, "pass --yes" in refused.stderr) == (64, True)


def test_a_port_of_the_proxy_that_is_taken(web: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        for option in ("--http-port", "--https-port"):
            ran = web.run("up", option, str(port))
            assert ran.returncode == 1
            key = option[2:].replace("-", "_")
            assert re.search(rf"prox: port {port} is taken by .*pid \d+.*set proxy\.{key}", ran.stderr)
            assert web.state() is None


def test_without_the_proxy(web: Project) -> None:
    with web.up("--no-proxy") as running:
        wait_until(lambda: status(web, "web")["health"] == "healthy")
        assert "proxy:" not in running.output
        assert "PROX_URL" not in running.output
        refused = web.client("requests")
        assert (refused.returncode, refused.stderr) == (1, "prox: no proxy is running\n")
        assert web.get("/proxy/requests").json()["code"] == "PROXY_NOT_ENABLED"


def test_ports_without_a_proxy(project: Project) -> None:
    project.write("processes: {web: exec sleep 1000}")
    ran = project.run("up", "--http-port", "0")
    assert (ran.returncode, ran.stderr) == (64, "prox: --http-port needs a proxy: set proxy.domain in prox.yaml\n")
    assert project.client("certs").returncode == 64
    assert project.client("hosts").stdout == "no proxy in prox.yaml\n"


def test_a_second_instance_with_the_same_ports(web: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    running, port = up(web)
    with running:
        from helpers.project import Project as Another

        other = Another.create(tmp_path_factory.mktemp("other"))
        other.write(SERVER, "server.py")
        other.write(CONFIG)
        ran = other.run("up", "--http-port", str(port))
        assert ran.returncode == 1
        assert f"port {port} is taken by" in ran.stderr
        assert get(port, "/still").status == 200
