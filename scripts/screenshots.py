"""Take the screenshots in docs/images: `make screenshots`. They show a real run of prox.example.yaml.

The terminal UI is drawn by Textual without a terminal and saved as SVG; the dashboard by headless Chromium, as PNG.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from prox.client.client import Client
from prox.client.target import Target, parse_address
from prox.tui.app import ProxTui
from prox.tui.keys import keys_of

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PACKAGES = ROOT / ".real" / "vite"
JOBS = """
jobs:
  lint: {cmd: sleep 0.7, depends_on: [build]}
  build: sleep 1.2
  unit: {cmd: sleep 1.1, depends_on: [build]}
  e2e: {cmd: "sleep 0.9; echo 'AssertionError: /cart answered 500'; exit 1", retries: 1, depends_on: [api, build]}
  deploy: {cmd: "true", depends_on: [unit, e2e]}
"""
"""Jobs for the time line of a run; the example has none."""
RUN_SECONDS = 12
"""How long the example runs before, so that there is something to see."""


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None or not PACKAGES.is_dir():
        print("screenshots: needs Chromium and `make real`", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "shop")
        folder.mkdir()
        text = (ROOT / "prox.example.yaml").read_text(encoding="utf-8")
        (folder / "prox.yaml").write_text(text + JOBS, encoding="utf-8")
        env = {**os.environ, "HOME": home, "PYTHONPATH": str(ROOT)}
        prox = [sys.executable, "-P", "-m", "prox"]
        started = subprocess.run(
            [*prox, "up", "-d", "--http-port=0"], cwd=folder, env=env, capture_output=True, text=True, check=True
        )
        url = started.stdout.split()[-1]
        try:
            client = Client(Target(**dict(zip(("host", "port"), parse_address(url), strict=True))))
            _ask(client)
            subprocess.run([*prox, "run"], cwd=folder, env=env, check=False, capture_output=True)
            run = client.runs()["runs"][0]["id"]
            asyncio.run(_terminal(client))
            script = ROOT / "scripts" / "screenshots.mjs"
            subprocess.run(["node", script, PACKAGES, chromium, url, IMAGES, run], check=True, timeout=120)
        finally:
            subprocess.run([*prox, "down"], cwd=folder, env=env, check=False, capture_output=True)
    for path in sorted(IMAGES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")
    return 0


def _ask(client: Client) -> None:
    """Send requests through the proxy while the example runs."""
    services = client.status()["urls"]
    end = time.monotonic() + RUN_SECONDS
    while time.monotonic() < end:
        for service, path in (("api", "/status"), ("web", "/"), ("api", "/nothing")):
            host = services[service].split("//")[1].rstrip("/")
            port = host.rpartition(":")[2]
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
            with suppress(OSError):
                urllib.request.urlopen(request, timeout=5).close()
        time.sleep(1)


async def _terminal(client: Client) -> None:
    app = ProxTui(lambda: client, folder="shop", keys=keys_of(), owns=True)
    async with app.run_test(size=(110, 28)) as pilot:
        await _until(pilot, app, lambda: app.state.connection == "connected" and len(app.state.store) > 20)
        await pilot.press("E", "tab")
        await pilot.pause()
        app.save_screenshot(filename="tui.svg", path=str(IMAGES))
        await pilot.press("escape", "f3")
        await _until(pilot, app, lambda: len(app.pane("requests")) > 3)
        app.save_screenshot(filename="tui-requests.svg", path=str(IMAGES))
        await pilot.press("f5")
        await _until(pilot, app, lambda: app.runs)
        await pilot.press("end", "enter")
        await _until(pilot, app, lambda: app.current == "run")
        await pilot.pause()
        app.save_screenshot(filename="tui-run.svg", path=str(IMAGES))


async def _until(pilot: object, app: ProxTui, holds: object) -> None:
    while not holds():  # type: ignore[operator]
        await pilot.pause(0.05)  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
