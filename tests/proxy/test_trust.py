"""The authority is added to an NSS database, if certutil is installed, and to a system store in a folder."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from prox.proxy import trust as module
from prox.proxy.trust import NICKNAME, nss_databases, trust

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    import prox
    from prox.proxy.certificates import ensure

    text = "processes: {p: x}\nproxy: {domain: my.test, https_port: 1}\ncerts: {dir: certs}"
    return ensure(prox.parse_config(text, folder=tmp_path)).authority


def test_the_systems_store(authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.mkdir()
    monkeypatch.setattr(module, "_STORES", ((tmp_path / "no", "x", ("true",)), (store, "prox.crt", ("true",))))
    (step,) = trust(authority, tmp_path)
    assert (step.ok, step.what) == (True, f"{store / 'prox.crt'}, true")
    assert (store / "prox.crt").read_bytes() == authority.read_bytes()


def test_what_fails_says_why(authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "prox.crt").mkdir()
    monkeypatch.setattr(module, "_STORES", ((store, "prox.crt", ("true",)),))
    (step,) = trust(authority, tmp_path)
    assert not step.ok
    assert "sudo prox certs --trust" in step.why
    monkeypatch.setattr(module, "_STORES", ())
    (step,) = trust(authority, tmp_path)
    assert (step.ok, step.why) == (False, "not found at the paths of Debian, Fedora and Arch")


@pytest.mark.real("certutil")
def test_browsers_stores(authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STORES", ())
    places = [tmp_path / ".pki/nssdb", tmp_path / ".mozilla/firefox/abc.default"]
    for place in places:
        place.mkdir(parents=True)
        subprocess.run(["certutil", "-N", "-d", f"sql:{place}", "--empty-password"], check=True)
    (tmp_path / ".mozilla/firefox/no-profile").mkdir()
    assert nss_databases(tmp_path) == places
    for _ in range(2):
        steps = trust(authority, tmp_path)
        assert [step.ok for step in steps] == [False, True, True]
    for place in places:
        listed = subprocess.run(["certutil", "-L", "-d", f"sql:{place}"], capture_output=True, text=True, check=True)
        assert listed.stdout.count(NICKNAME) == 1


def test_without_certutil(authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STORES", ())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    place = tmp_path / ".pki/nssdb"
    place.mkdir(parents=True)
    (place / "cert9.db").touch()
    steps = trust(authority, tmp_path)
    assert "libnss3-tools" in steps[1].why
