"""`prox init`: what is written is what prox reads."""

from __future__ import annotations

import json
import os
import shlex
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prox
from prox.cli.initial.package_json import read_package_json
from prox.cli.initial.procfile import parse_procfile
from prox.cli.initial.starter import render
from prox.cli.main import run
from prox.core.errors import ConfigError

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
        capsys.readouterr().out == "wrote prox.yaml with an example; put your commands in, then `prox up` starts them\n"
    )
    assert os.listdir(folder) == ["prox.yaml"]


def test_what_the_example_has_in_comments_can_be_read(folder: Path) -> None:
    text = render(None, env_file=False)
    uncommented = text.replace("  # api:", "  api:").replace("\n  #   ", "\n    ")
    config = prox.parse_config(uncommented, folder=folder)
    assert config.processes["api"].port == "auto"
    assert config.processes["api"].healthcheck


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
        " (release became a job, which this version does not run yet); `prox up` starts it\n"
    )


def test_the_procfile_for_development_goes_first(folder: Path) -> None:
    (folder / "Procfile").write_text("web: production\n")
    (folder / "Procfile.dev").write_text("web: development\n")
    assert run(["init"]) == 0
    assert commands(written(folder)) == {"web": "development"}


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("web: bin/rails server", True),
        ("web: puma -p 3000", False),
        ("web: next dev --port=3000", False),
        ("web: PORT=3000 node .", False),
        ("web: uvicorn app:app", True),
        ("web: gunicorn -b 0.0.0.0:8000 app", False),
        ("api: node . $PORT", True),
        ("api: node . ${PORT}", True),
        ("api: node . $PORTAL", False),
    ],
)
def test_who_gets_a_port(line: str, port: bool) -> None:
    assert bool(parse_procfile("Procfile", line).with_port) == port


def test_a_lone_release_is_a_process() -> None:
    found = parse_procfile("Procfile", "release: x")
    assert (list(found.processes), found.jobs) == (["release"], {})


def test_all_bad_lines_of_a_procfile_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Procfile").write_text("web: x\nno command\nempty:\nweb: y\n_x: z\nsystem: s\n" + "n" * 64 + ": x\n")
    assert run(["init"]) == 78
    assert capsys.readouterr().err.splitlines() == [
        "Procfile:2:1: is not `name: command`",
        "Procfile:3:1: is not `name: command`",
        "Procfile:4:1: there is a process 'web' above",
        "Procfile:5:1: '_x' cannot be a name: at most 63 letters, digits, _, - and ., a letter or digit first",
        "Procfile:6:1: 'system' is the name of prox's own lines; give the process another one",
        f"Procfile:7:1: '{'n' * 64}' cannot be a name: at most 63 letters, digits, _, - and ., a letter or digit first",
    ]
    assert not (folder / "prox.yaml").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Procfile", b"web: x\nw\xff: y\n", "Procfile:2:1: is not UTF-8"),
        ("Procfile", b"web: x\n\nw: \0\n", "Procfile:3:1: holds a NUL, which no command can"),
        ("Procfile", b"#" * 2_000_000, "Procfile: is larger than 1024 KB"),
        ("package.json", b'{\n  "scripts": {\n    "dev": vite\n', "package.json:3:12: is not JSON: Expecting value"),
        ("package.json", b"[]", "package.json:1:1: must be an object"),
        ("package.json", b'{\n\n"scripts": []}', "package.json:3:1: `scripts` must be an object of commands"),
        ("package.json", b'{\n"scripts": {"dev": 1}}', "package.json:2:1: `scripts` must be an object of commands"),
        ("package.json", b"[" * 100_000, "package.json: is nested too deep"),
    ],
)
def test_a_broken_file_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    (folder / name).write_bytes(content)
    assert run(["init"]) == 78
    assert capsys.readouterr().err == message + "\n"
    assert os.listdir(folder) == [name]


@pytest.mark.parametrize(
    ("scripts", "chosen", "left_out"),
    [
        (["build", "dev", "start", "test", "lint"], {"dev": "dev"}, {"start": "start"}),
        (["start", "watch"], {"start": "start"}, {"watch": "watch"}),
        (["serve"], {"serve": "serve"}, {}),
        (["dev:api", "dev:web", "start"], {"api": "dev:api", "web": "dev:web"}, {"start": "start"}),
        (["dev", "dev:api", "start:api"], {"dev": "dev"}, {"api": "dev:api", "start-api": "start:api"}),
        (["dev:système", "dev:système!"], {"syst-me": "dev:système", "dev-syst-me": "dev:système!"}, {}),
        (["dev:system", "dev:@@"], {"dev-system": "dev:system", "dev": "dev:@@"}, {}),
        (["dev:é", "dev:è", "dev:ê"], {"dev": "dev:é", "script-1": "dev:è", "script-2": "dev:ê"}, {}),
    ],
)  # fmt: skip
def test_which_scripts_are_taken(
    folder: Path, scripts: list[str], chosen: dict[str, str], left_out: dict[str, str]
) -> None:
    (folder / "package.json").write_text(json.dumps({"scripts": dict.fromkeys(scripts, "x")}))
    found = read_package_json(folder)
    assert found
    assert found.processes == {name: f"npm run {shlex.quote(script)}" for name, script in chosen.items()}
    assert found.left_out == {name: f"npm run {shlex.quote(script)}" for name, script in left_out.items()}
    assert run(["init"]) == 0
    assert commands(written(folder)) == found.processes


@pytest.mark.parametrize("package", ["{}", '{"scripts": {}}', '{"scripts": {"build": "x", "test": "y", "redev": "z"}}'])
def test_a_package_with_nothing_to_run(folder: Path, package: str) -> None:
    (folder / "package.json").write_text(package)
    assert run(["init"]) == 0
    assert list(written(folder).processes) == ["hello"]


@pytest.mark.parametrize(
    ("lock", "manager"),
    [
        ("package-lock.json", "npm"),
        ("yarn.lock", "yarn"),
        ("pnpm-lock.yaml", "pnpm"),
        ("bun.lock", "bun"),
        ("bun.lockb", "bun"),
        (None, "npm"),
    ],
)
def test_the_lock_file_says_what_runs_scripts(folder: Path, lock: str | None, manager: str) -> None:
    (folder / "package.json").write_text('\ufeff{"scripts": {"dev": "vite"}}', encoding="utf-8")
    if lock:
        (folder / lock).touch()
    assert run(["init"]) == 0
    assert commands(written(folder)) == {"dev": f"{manager} run dev"}


def test_what_package_json_says_of_it_goes_first(folder: Path) -> None:
    (folder / "package.json").write_text('{"packageManager": "pnpm@9.0.0+sha512.1", "scripts": {"dev": "vite"}}')
    (folder / "yarn.lock").touch()
    assert run(["init"]) == 0
    assert commands(written(folder)) == {"dev": "pnpm run dev"}


@pytest.mark.parametrize("name", ["prox.yaml", "prox.yml"])
def test_nothing_is_overwritten(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / name).write_text("mine")
    assert run(["init"]) == 1
    assert capsys.readouterr().err == f"prox: {name} is there already; --force replaces it\n"
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
    assert capsys.readouterr().err == "prox: none/prox.yaml cannot be written: No such file or directory\n"


def test_a_command_that_looks_like_something_else_is_quoted(folder: Path) -> None:
    (folder / "Procfile").write_text("a: 0E0\nb: 1.5\nc: yes\nd: null\ne: '\nf: ~\n0E0: 0x1F\n")
    assert run(["init"]) == 0
    assert commands(written(folder)) == {
        "a": "0E0", "b": "1.5", "c": "yes", "d": "null", "e": "'", "f": "~", "0E0": "0x1F"
    }  # fmt: skip


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z").filter(lambda name: name != "system")
COMMANDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip() == text and len(text.splitlines()) == 1
)


@settings(deadline=None)
@given(st.dictionaries(NAMES, COMMANDS, min_size=1, max_size=5), st.booleans())
def test_any_procfile_becomes_what_prox_reads(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str], env_file: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / ".env").touch()
    text = "".join(f"{name}: {command}\n" for name, command in entries.items())
    try:
        found = parse_procfile("Procfile", text)
    except ConfigError as error:
        pytest.fail(str(error))
    config = prox.parse_config(render(found, env_file=env_file), folder=folder)
    everything = commands(config) | {name: job.cmd for name, job in config.jobs.items()}
    assert everything == entries
