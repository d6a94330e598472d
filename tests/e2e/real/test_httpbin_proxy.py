"""httpbin's routes through the proxy, by four clients: the same answers as without it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

from helpers.real import wait_healthy

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = pytest.mark.real("httpbin")

PROX_YAML = f"""
api: {{port: 0}}
processes:
  httpbin:
    cmd: exec "{sys.executable}" -m gunicorn --workers 2 --threads 4 --bind 127.0.0.1:$PORT httpbin:app
    port: auto
    healthcheck: {{http: /status/204, status: [204], start_interval: 100ms}}
proxy: {{domain: localhost, http_port: 1}}
services: {{bin: {{process: httpbin}}}}
"""
ROUTES = [
    ("GET", "/"), ("GET", "/get?a=1&b=%20"), ("GET", "/anything/x/y"), ("GET", "/headers"), ("GET", "/ip"),
    ("GET", "/user-agent"), ("GET", "/gzip"), ("GET", "/deflate"), ("GET", "/brotli"), ("GET", "/json"),
    ("GET", "/xml"),
    ("GET", "/html"), ("GET", "/robots.txt"), ("GET", "/deny"), ("GET", "/encoding/utf8"),
    ("GET", "/bytes/1000?seed=1"),
    ("GET", "/stream-bytes/5000?seed=1"), ("GET", "/stream/20"), ("GET", "/drip?numbytes=5&duration=0.2&delay=0"),
    ("GET", "/delay/0.1"), ("GET", "/range/1024"), ("GET", "/links/3/0"), ("GET", "/image/png"),
    ("GET", "/image/svg"),
    ("GET", "/cookies"), ("GET", "/cookies/set?a=b"), ("GET", "/cookies/delete?a="), ("GET", "/cache"),
    ("GET", "/cache/60"),
    ("GET", "/etag/abc"), ("GET", "/response-headers?X-A=1&X-A=2"), ("GET", "/redirect/2"),
    ("GET", "/relative-redirect/1"),
    ("GET", "/basic-auth/u/p"), ("GET", "/hidden-basic-auth/u/p"), ("GET", "/bearer"),
    ("GET", "/digest-auth/auth/u/p"),
    ("GET", "/base64/aGVsbG8="), ("GET", "/forms/post"), ("GET", "/spec.json"),
    ("HEAD", "/get"), ("HEAD", "/stream/5"), ("OPTIONS", "/get"), ("POST", "/post"), ("PUT", "/put"),
    ("PATCH", "/patch"),
    ("DELETE", "/delete"), ("POST", "/anything"), ("GET", "/method-not-allowed-or-found"), ("POST", "/get"),
    *(("GET", f"/status/{status}") for status in (200, 201, 204, 301, 304, 400, 401, 403, 404, 418, 429, 500, 503)),
]  # fmt: skip
VARIES = {
    "date", "server", "connection", "keep-alive", "transfer-encoding", "content-length", "set-cookie",
    "www-authenticate",
}  # fmt: skip


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, home: object) -> Any:
    """httpbin's own address, and the one through the proxy."""
    from helpers.project import Project

    project = Project.create(tmp_path_factory.mktemp("httpbin"))
    project.write(PROX_YAML)
    with project.up("--http-port", "0") as prox:
        found = re.search(r"http://localhost:(\d+)", prox.wait_line("proxy: "))
        assert found
        port = wait_healthy(project, "httpbin")["port"]
        yield f"http://127.0.0.1:{port}", f"http://bin.localhost:{found[1]}", project
    project.close()


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names below localhost are this machine (RFC 6761 §6.3), which not every resolver knows."""
    real = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **options: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def plain(text: str, base: str) -> str:
    """Return a body without what differs by address and by what the proxy adds."""
    text = text.replace(base.removeprefix("http://"), "HOST")
    if text.startswith("{") and "\n{" in text:
        return "\n".join(plain(line, base) for line in text.splitlines())
    found = json.loads(text) if text.startswith("{") else None
    if isinstance(found, dict) and isinstance(found.get("headers"), dict):
        found["headers"] = {
            name: value
            for name, value in found["headers"].items()
            if not re.match("X-Forwarded|Forwarded|Via|X-Request-Id|Traceparent|Connection|Content-Length", name)
        }
        return json.dumps(found, sort_keys=True)
    return text


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_requests(addresses: tuple[str, str, Project], method: str, path: str) -> None:
    data = b"a=1" * 1000 if method in ("POST", "PUT", "PATCH", "DELETE") else None
    answers = [
        requests.request(method, base + path, data=data, allow_redirects=False, timeout=20) for base in addresses[:2]
    ]
    direct, through = answers
    assert through.status_code == direct.status_code
    names = [{name.lower() for name in answer.headers} - VARIES for answer in answers]
    assert names[0] == names[1]
    if "cookies" not in path and "digest" not in path:
        kept = [plain(answer.text, base) for answer, base in zip(answers, addresses[:2], strict=True)]
        assert kept[0] == kept[1]


def test_httpx_over_one_connection(addresses: tuple[str, str, Project]) -> None:
    with httpx.Client(base_url=addresses[1], follow_redirects=True, timeout=20) as client:
        assert client.get("/redirect/3").url.path == "/get"
        assert client.get("/gzip").json()["gzipped"]
        assert client.post("/post", files={"f": ("n", b"x" * 200_000)}).json()["files"]["f"] == "x" * 200_000
        assert client.post("/post", content=iter([b"chunk"] * 100)).json()["data"] == "chunk" * 100
        with client.stream("GET", "/stream/50") as stream:
            assert len(list(stream.iter_lines())) == 50
        client.get("/cookies/set?a=b")
        assert client.get("/cookies").json()["cookies"] == {"a": "b"}


@pytest.mark.real("curl")
def test_curl(addresses: tuple[str, str, Project]) -> None:
    def curl(*args: str) -> str:
        command = ["curl", "-sS", "--max-time", "20", *args]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    base = addresses[1]
    assert curl("-o", "/dev/null", "-w", "%{http_code}", f"{base}/status/418") == "418"
    assert json.loads(curl("--compressed", f"{base}/brotli"))["brotli"]
    assert json.loads(curl("-H", "Expect: 100-continue", "-d", "x" * 2000, f"{base}/anything"))["form"]
    assert json.loads(curl("--http1.0", f"{base}/get?x=1"))["args"] == {"x": "1"}
    assert json.loads(curl("-T", "-", "-H", "Transfer-Encoding: chunked", f"{base}/put"))["data"] == ""
    assert curl("-I", f"{base}/get").startswith("HTTP/1.1 200")
    assert json.loads(curl("-u", "u:p", f"{base}/basic-auth/u/p"))["authenticated"]


@pytest.mark.real("vite")
def test_fetch_of_node(addresses: tuple[str, str, Project]) -> None:
    script = """
const dns = process.getBuiltinModule ? process.getBuiltinModule('dns') : (await import('node:dns')).default
const lookup = dns.lookup
dns.lookup = (host, ...rest) => lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, ...rest)
const base = process.argv[1]
const found = await Promise.all(Array.from({length: 50}, (_, n) => fetch(`${base}/get?n=${n}`).then(r => r.json())))
const posted = await (await fetch(`${base}/post`, {method: 'POST', body: 'hello'})).json()
const streamed = (await (await fetch(`${base}/stream/10`)).text()).trim().split('\\n').length
const status = (await fetch(`${base}/status/404`)).status
console.log(JSON.stringify([found.map(f => f.args.n), posted.data, streamed, status]))
"""
    command = ["node", "--input-type=module", "-e", script, addresses[1]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    numbers, posted, streamed, status = json.loads(printed)
    assert (numbers, posted, streamed, status) == ([str(n) for n in range(50)], "hello", 10, 404)
