"""prox.yaml of a project: which file it is, who may have written it, and what stands beside it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from helpers.config import TEXT, TRICKY, configs
from prox.core.config.dump import to_yaml
from prox.core.config.model import EnvFile
from prox.core.errors import ConfigError
from prox.instance.project import load_config, parse_config
from prox.instance.text_files import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from prox.core.config.model import Config

MINIMAL = "processes: {web: x}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems_of(path: str | Path, project_dir: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, project_dir=project_dir)
    return str(caught.value).splitlines()


def test_paths_are_relative_to_its_folder(folder: Path) -> None:
    (folder / "project").mkdir()
    (folder / "project/prox.yaml").write_text(MINIMAL)
    config = load_config("project/prox.yaml")
    assert (config.folder, config.file) == (str(folder / "project"), str(folder / "project/prox.yaml"))
    (folder / "data").mkdir()
    config = load_config("project/prox.yaml", project_dir="data")
    assert (config.folder, config.file) == (str(folder / "data"), str(folder / "project/prox.yaml"))


@pytest.mark.parametrize("project_dir", ["none", "file"])
def test_a_project_folder_that_is_none(folder: Path, project_dir: str) -> None:
    (folder / "prox.yaml").write_text(MINIMAL)
    (folder / "file").touch()
    assert problems_of("prox.yaml", project_dir) == [f"{project_dir}: is not a directory; --project-dir must name one"]


def test_problems_name_the_file_as_it_is_found_from_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/prox.yaml").write_text("processes: {web: 5}\n")
    assert problems_of(folder / "a/prox.yaml")[0].startswith("a/prox.yaml:1:18: processes.web: must be ")
    monkeypatch.chdir(folder / "a/b")
    assert problems_of(folder / "a/prox.yaml")[0].startswith("../prox.yaml:1:18: ")
    monkeypatch.chdir("/")
    assert problems_of(folder / "a/prox.yaml")[0].startswith(f"{folder}/a/prox.yaml:1:18: ".lstrip("/"))


def test_a_file_that_is_not_there(folder: Path) -> None:
    assert problems_of("none.yaml") == ["none.yaml: not found; `prox init` writes one"]


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "prox.yaml").mkdir()
    assert problems_of("prox.yaml") == ["prox.yaml: cannot read the file: Is a directory"]
    (folder / "file").touch()
    assert problems_of("file/prox.yaml") == ["file/prox.yaml: cannot read the file: Not a directory"]
    (folder / "loop.yaml").symlink_to("loop.yaml")
    assert problems_of("loop.yaml") == ["loop.yaml: cannot read the file: Too many levels of symbolic links"]


@pytest.mark.parametrize("name", ["prox.yaml", "prox.override.yaml"])
def test_a_file_that_everybody_can_write_to_is_refused(folder: Path, name: str) -> None:
    (folder / "prox.yaml").write_text(MINIMAL)
    (folder / name).write_text(MINIMAL)
    (folder / name).chmod(0o666)
    assert problems_of("prox.yaml") == [f"{name}: everyone can write to it; fix: chmod o-w {name}"]
    (folder / name).chmod(0o664)
    assert list(load_config("prox.yaml").processes) == ["web"]


def test_a_device_is_written_by_whom_it_will() -> None:
    assert problems_of("/dev/null") == ["/dev/null:1:1: processes: there must be at least one process or job"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"processes:\n  web: x\n  api: \xff\n", "prox.yaml:3:1: is not UTF-8"),
        ("processes: {web: x}".encode("utf-16"), "prox.yaml:1:1: is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "prox.yaml: is larger than 1024 KB"),
        (b"", "prox.yaml:1:1: processes: there must be at least one process or job"),
        (b"processes: {web: x}\0", "prox.yaml:1:20: is not YAML: control characters are not allowed"),
    ],
)
def test_content_that_cannot_be(folder: Path, content: bytes, problem: str) -> None:
    (folder / "prox.yaml").write_bytes(content)
    assert problems_of("prox.yaml") == [problem]


@pytest.mark.parametrize("text", ["\ufeff" + MINIMAL, MINIMAL.replace("\n", "\r\n"), MINIMAL + "#" * (MAX_BYTES - 50)])
def test_content_that_can_be(folder: Path, text: str) -> None:
    (folder / "prox.yaml").write_bytes(text.encode())
    assert list(load_config("prox.yaml").processes) == ["web"]


@pytest.mark.parametrize("name", ["prox.yaml", "prox.yml"])
def test_what_is_laid_over_it(folder: Path, name: str) -> None:
    (folder / name).write_text("processes: {web: {cmd: x, env: {A: 1, B: 2}}, api: y}\n")
    (folder / "prox.override.yaml").write_text("processes: {web: {env: {B: 3}}, api: z}\n")
    config = load_config(name)
    assert (config.processes["web"].env, config.processes["api"].cmd) == ({"A": "1", "B": "3"}, "z")
    assert config.file == str(folder / name)


def test_nothing_is_laid_over_another_file(folder: Path) -> None:
    (folder / "other.yaml").write_text(MINIMAL)
    (folder / "prox.override.yaml").write_text("processes: {web: y}\n")
    assert load_config("other.yaml").processes["web"].cmd == "x"


def test_problems_name_the_file_that_they_are_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a").mkdir()
    (folder / "a/prox.yaml").write_text("processes: {web: {cmd: x, tty: y}}\n")
    (folder / "a/prox.override.yaml").write_text("api: {port: x}\n")
    assert problems_of("a/prox.yaml") == [
        "a/prox.yaml:1:32: processes.web.tty: must be true or false, not 'y'",
        "a/prox.override.yaml:1:13: api.port: must be an integer from 0 to 65535, not 'x'",
    ]
    (folder / "a/prox.override.yaml").write_bytes(b"\xff")
    assert problems_of("a/prox.yaml") == ["a/prox.override.yaml:1:1: is not UTF-8"]


def test_env_files_are_checked_with_it(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a/prox.yaml").write_text(
        "env_file: [none.env, good.env, '?none.env']\n"
        "processes:\n"
        "  web: {cmd: x, env_file: broken.env}\n"
        "  api: {cmd: x, env_file: broken.env, tty: x}\n"
        "jobs: {j: {cmd: x, env_file: [gone.env]}}\n"
    )
    (folder / "a/good.env").write_text("A=1\n")
    (folder / "a/broken.env").write_text("A=1\nhunter2 hunter2\n")
    assert problems_of("a/prox.yaml") == [
        "a/prox.yaml:1:12: env_file: none.env not found; create it, or write '?none.env' if it is optional",
        "a/prox.yaml:4:44: processes.api.tty: must be true or false, not 'x'",
        "a/prox.yaml:5:31: jobs.j.env_file: gone.env not found; create it, or write '?gone.env' if it is optional",
        "a/broken.env:2:1: not NAME=value, or an unclosed quote (the text is not shown: it may be a secret)",
    ]


def test_env_files_are_in_the_project_folder(folder: Path) -> None:
    (folder / "prox.yaml").write_text("env_file: .env\nprocesses: {web: x}\n")
    (folder / "project").mkdir()
    (folder / "project/.env").touch()
    assert load_config("prox.yaml", project_dir="project").env_file == (EnvFile(".env"),)
    assert problems_of("prox.yaml")[0].startswith("prox.yaml:1:11: env_file: .env not found")


def test_a_missing_env_file_is_told_where_the_file_that_names_it_says_so(folder: Path) -> None:
    (folder / "prox.yaml").write_text(MINIMAL)
    (folder / "prox.override.yaml").write_text("processes:\n  web:\n    cmd: x\n    env_file:\n    - none.env\n")
    assert problems_of("prox.yaml") == [
        "prox.override.yaml:5:7: processes.web.env_file: none.env not found;"
        " create it, or write '?none.env' if it is optional"
    ]


def test_a_text_that_is_no_file(tmp_path: Path) -> None:
    config = parse_config(MINIMAL, folder=tmp_path)
    assert (config.folder, config.file) == (str(tmp_path), None)
    with pytest.raises(ConfigError, match=r"^<text>:1:18: processes\.web: must be a command") as caught:
        parse_config("processes: {web: 5}", folder=tmp_path)
    assert [problem.path for problem in caught.value.problems] == ["processes.web"]


@settings(max_examples=10, deadline=None)
@given(configs())
def test_a_configuration_that_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, config: Config
) -> None:
    # The env files are made up.
    processes = {name: replace(process, env_file=()) for name, process in config.processes.items()}
    jobs = {name: replace(job, env_file=()) for name, job in config.jobs.items()}
    folder = str(tmp_path_factory.getbasetemp())
    config = replace(config, folder=folder, env_file=(), processes=processes, jobs=jobs)
    assert parse_config(to_yaml(config), folder=folder) == config


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.builds("env_file: {}\nprocesses: {{web: x}}".format, TEXT | st.sampled_from(TRICKY)))
def test_any_text_is_read_or_is_a_config_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with suppress(ConfigError):
        assert parse_config(text, folder=tmp_path_factory.getbasetemp()).processes
