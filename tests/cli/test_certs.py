"""`prox certs`: the certificate is shown, made anew, and trusted only after a question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

TEXT = """
processes: {web: x}
proxy: {domain: my.test, https_port: 443}
services: {app: 80}
certs: {dir: certs}
"""


@pytest.fixture(autouse=True)
def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # No mkcert of the developer's.
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CAROOT", raising=False)
    (folder / "prox.yaml").write_text(TEXT)
    (folder / "prox.yaml").chmod(0o644)
    return folder


def test_there_is_none_until_it_is_made(written: Path, prox: Run) -> None:
    ran = prox("certs")
    assert (ran.returncode, ran.stdout.partition(";")[0]) == (0, "no certificate yet")
    assert not (written / "certs").exists()


def test_a_certificate_that_was_made_is_shown(written: Path, prox: Run) -> None:
    made = prox("certs", "--regenerate")
    assert (made.returncode, made.stderr) == (0, "")
    shown = dict(line.split(None, 1) for line in made.stdout.splitlines())
    assert Path(shown["certificate"]) == written / "certs" / "my.test.pem"
    assert Path(shown["key"]).exists()
    assert "app.my.test" in shown["names"].split(", ")
    assert prox("certs").stdout == made.stdout


def test_json_says_the_same_and_regenerate_makes_another(prox: Run) -> None:
    found = json.loads(prox("certs", "--regenerate", "--json").stdout)
    assert found.keys() == {"certificate", "key", "authority", "by_mkcert", "expires", "names"}
    assert found["by_mkcert"] is False
    before = Path(found["certificate"]).read_bytes()
    assert json.loads(prox("certs", "--json").stdout)["names"] == found["names"]
    assert Path(found["certificate"]).read_bytes() == before
    prox("certs", "--regenerate")
    assert Path(found["certificate"]).read_bytes() != before


def test_nothing_is_trusted_without_an_answer(prox: Run) -> None:
    ran = prox("certs", "--trust")
    assert ran.returncode == 64
    assert ran.stderr == "prox: cannot ask for confirmation without a terminal; pass --yes\n"
    assert "done" not in ran.stdout


def test_without_a_proxy_there_are_no_certificates(written: Path, prox: Run) -> None:
    (written / "prox.yaml").write_text("processes: {web: x}")
    ran = prox("certs")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: no proxy in prox.yaml: set proxy.domain\n"
