"""`prox init`: what is written is what prox reads."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

import prox
from prox.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import Config


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> Config:
    return prox.load_config(folder / "prox.yaml")


def commands(config: Config) -> dict[str, object]:
    return {name: process.cmd for name, process in config.processes.items()}


def test_from_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    config = written(folder)
    assert list(config.processes) == ["hello"]
    assert config.env_file == ()
    assert (
        capsys.readouterr().out == "wrote prox.yaml with an example; replace it by your commands, then run `prox up`\n"
    )
    assert os.listdir(folder) == ["prox.yaml"]


def test_from_a_procfile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Procfile").write_text(
        "# how it is run\n"
        "\n"
        "release: bin/migrate\n"
        "web: bundle exec puma -p ${PORT:-3000}\r\n"
        'worker-1: echo "a: b" # c\n'
        "clock:true\n"
    )
    (folder / "package.json").write_text('{"scripts": {"dev": "vite"}}')
    (folder / ".env").write_text("A=1\n")
    assert run(["init"]) == 0
    config = written(folder)
    assert commands(config) == {
        "web": "bundle exec puma -p ${PORT:-3000}",
        "worker-1": 'echo "a: b" # c',
        "clock": "true",
    }
    assert [process.port for process in config.processes.values()] == ["auto", None, None]
    assert {name: job.cmd for name, job in config.jobs.items()} == {"release": "bin/migrate"}
    assert [file.path for file in config.env_file] == [".env"]
    assert capsys.readouterr().out == (
        "wrote prox.yaml from Procfile: web, worker-1, clock"
        "; `prox up` starts it; release is a job: `prox run release`\n"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Procfile", b"web: x\nw\xff: y\n", "Procfile:2:1: is not UTF-8"),
        ("Procfile", b"web: x\n\nw: \0\n", "Procfile:3:1: contains a NUL character, which a command cannot"),
        ("Procfile", b"#" * 2_000_000, "Procfile: is larger than 1024 KB"),
        ("package.json", b'{\n  "scripts": {\n    "dev": vite\n', "package.json:3:12: is not JSON: Expecting value"),
        ("package.json", b"[]", "package.json:1:1: must be an object"),
        ("package.json", b'{\n\n"scripts": []}', "package.json:3:1: `scripts` must be an object of commands"),
        ("package.json", b'{\n"scripts": {"dev": 1}}', "package.json:2:1: `scripts` must be an object of commands"),
        ("package.json", b"[" * 100_000, "package.json: is nested too deeply"),
    ],
)
def test_a_broken_file_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    (folder / name).write_bytes(content)
    assert run(["init"]) == 78
    assert capsys.readouterr().err == message + "\n"
    assert os.listdir(folder) == [name]


def test_from_a_package(folder: Path) -> None:
    (folder / "package.json").write_text('{"scripts": {"dev": "vite", "start": "serve"}}')
    assert run(["init"]) == 0
    assert commands(written(folder)) == {"dev": "npm run dev"}
    assert "# start: npm run start" in (folder / "prox.yaml").read_text()


@pytest.mark.parametrize("name", ["prox.yaml", "prox.yml"])
def test_nothing_is_overwritten(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).write_text("mine")
    assert run(["init"]) == 1
    assert capsys.readouterr().err == f"prox: {name} exists; --force replaces it\n"
    assert (folder / name).read_text() == "mine"
    assert run(["init", "--force"]) == 0
    assert os.listdir(folder) == [name]
    assert list(prox.load_config(folder / name).processes) == ["hello"]


def test_where_it_is_written(folder: Path) -> None:
    (folder / "project").mkdir()
    (folder / "project" / "Procfile").write_text("api: x\n")
    assert run(["--project-dir", "project", "init"]) == 0
    assert list(prox.load_config(folder / "project" / "prox.yaml").processes) == ["api"]
    assert run(["init", "-c", "project/other.yaml"]) == 0
    assert list(prox.load_config(folder / "project" / "other.yaml").processes) == ["api"]


def test_prox_may_read_it_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        assert run(["init"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "prox.yaml").stat().st_mode) == 0o644
    assert written(folder)


def test_a_folder_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--project-dir", "none"]) == 1
    assert capsys.readouterr().err == "prox: cannot write none/prox.yaml: No such file or directory\n"
