"""Hostile text in everything that the dashboard shows, in Chromium: it is text, and stays text."""

from __future__ import annotations

import http.client
import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from helpers.dashboard import drive

if TYPE_CHECKING:
    from helpers.project import Project

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

RUN = "window.__xss=1"
TEXTS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt >{RUN}</sCrIpT >",
    f"</script><script>{RUN}</script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f'<img src=x onerror="{RUN}">',
    f"<img src=x onerror={RUN}>",
    f"<img/src='x'/onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
    f'<iframe src="javascript:parent.{RUN.removeprefix("window.")}"></iframe>',
    f'<iframe srcdoc="<script>parent.{RUN.removeprefix("window.")}</script>"></iframe>',
    f'<a href="javascript:{RUN}">link</a>',
    f"javascript:{RUN}//",
    f"data:text/html,<script>{RUN}</script>",
    f'<object data="data:text/html,<script>{RUN}</script>"></object>',
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<style>*{{background:url('javascript:{RUN}')}}</style>",
    '<link rel=stylesheet href="//evil.example/x.css">',
    '<meta http-equiv=refresh content="0;url=//evil.example">',
    '<base href="//evil.example/">',
    "<form action=//evil.example><button>send</button></form>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f'" autofocus onfocus="{RUN}" x="',
    f"' autofocus onfocus='{RUN}' x='",
    f"` onmouseover={RUN} `",
    f"${{{RUN}}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    "<!--?lit$123456$-->",
    "&lt;script&gt;&#x3c;img src=x&#62;&amp;&nbsp;",
    f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    f"<\u200bscript>{RUN}</\u200bscript>",
    f"\u202e<script>{RUN}</script>\u202c",
    "\u2028\u2029\ufeffline\u00adbreaks",
    "e" + "\u0301" * 60,
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "__proto__[polluted]=1",
    "w" * 5000,
]
"""In every field."""
CONTROL = [
    "nul\0<script>window.__xss=1</script>",
    "\x1b]8;;javascript:window.__xss=1\x07link\x1b]8;;\x07",
    "\x1b]0;<script>window.__xss=1</script>\x07title",
    "\x1b[31m<img src=x onerror=window.__xss=1>\x1b[0m",
    "\x1b[2J\x1b[1;1H<script>window.__xss=1</script>",
    "\x9b31m\x08\x08\x07\x7f<svg onload=window.__xss=1>",
    "\ud800 lone surrogate",
]
"""With control characters, in the log only."""

WRITER = """
import json, sys, time
for number, text in enumerate(json.load(open("texts.json"))):
    fields = {"level": "error", "msg": text, "a" + text: text, "__proto__": {text: [text]}, "number": number}
    for out, line in [(sys.stdout, text), (sys.stderr, text), (sys.stdout, json.dumps(fields))]:
        out.buffer.write(f"{line}\\n".encode("utf-8", "surrogatepass"))
        out.flush()
print("all written", flush=True)
time.sleep(1000)
"""
UPSTREAM = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        field = self.headers["X-Text"]
        self.send_response(200, field)
        self.send_header("X-Answer", field)
        self.send_header("__proto__", field)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def config() -> str:
    """Return a prox.yaml with all texts in each value that is free text. JSON is YAML, too."""
    everything = " ".join(TEXTS)
    sleeper = "exec sleep 1000"
    processes: dict[str, Any] = {
        "web": {
            "description": everything,
            "env": {f"TEXT_{i}": text for i, text in enumerate(TEXTS)} | {"__proto__": "<b>prototype</b>"},
            "cmd": [sys.executable, "writer.py", *TEXTS],
            "healthcheck": {"cmd": ["cat", "check.txt"], "interval": "1s"},
            "groups": ["isPrototypeOf", "watch"],
        },
        "app": {"port": "auto", "healthcheck": {"tcp": True}, "cmd": [sys.executable, "-u", "upstream.py"]},
        # The names that the configuration allows, and that objects of JavaScript have.
        "constructor": {"cmd": sleeper, "depends_on": ["toString"]},
        "toString": sleeper,
        "hasOwnProperty": sleeper,
        "valueOf": {"cmd": sleeper, "depends_on": ["constructor"]},
        "missing": [f"<img src=x onerror={RUN}>"],
    }
    return json.dumps(
        {
            "api": {"port": 0},
            "proxy": {"domain": "localhost", "http_port": 1, "capture": {"enabled": True}},
            "services": {"app": {"process": "app"}},
            "processes": processes,
        }
    )


def test_text_of_others_is_never_code(project: Project) -> None:
    project.write(config())
    project.write(json.dumps(TEXTS + CONTROL), "texts.json")
    project.write(WRITER, "writer.py")
    project.write(UPSTREAM, "upstream.py")
    project.write(TEXTS[4], "check.txt")
    with project.up("--http-port", "0") as prox:
        found = re.search(r"http://localhost:(\d+)", prox.wait_line("proxy: "))
        assert found
        waited = project.client("wait", "app", "web", "--for", "healthy", "--timeout", "20s")
        assert waited.returncode == 0, waited.stderr + prox.output
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
        for text in TEXTS:
            # A header has Latin-1 only; a long one would be refused.
            field = text.encode("latin-1", "ignore").decode("latin-1")[:500]
            path = "/" + quote(text[:500], safe="/<>\"'`{}$()[]=;:&!*,@|\\^")
            headers = {"X-Text": field, "__proto__": field, "Content-Type": "text/html", "Host": "app.localhost"}
            connection.putrequest("POST", "/", skip_host=True)
            connection._buffer[0] = f"POST {path.replace(' ', '%20')} HTTP/1.1".encode()  # type: ignore[attr-defined]
            body = text.encode()
            for name, value in headers.items():
                connection.putheader(name, value.encode("latin-1"))
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            response.read()
            assert response.status == 200, (text, response.status)
        connection.close()
        values = {"base": prox.url, "texts": TEXTS, "control": CONTROL, "check": TEXTS[4]}
        drive("hostile.mjs", values)
