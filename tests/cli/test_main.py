"""An exception becomes a sentence and an exit code, in one place."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from prox.cli import group
from prox.cli.main import run
from prox.core.errors import (
    ConfigError,
    InstanceRunning,
    PortTaken,
    Problem,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Add = Callable[[Callable[[], object]], None]


def raising(error: BaseException) -> Callable[[], None]:
    def callback() -> None:
        raise error

    return callback


def test_an_expected_failure_is_a_sentence(failing: Add, capsys: pytest.CaptureFixture[str]) -> None:
    failing(raising(PortTaken("port 80 is taken by \x1b[31mnode")))
    assert run(["failing"]) == 1
    assert capsys.readouterr() == ("", "prox: port 80 is taken by \\x1b[31mnode\n")


def test_prox_is_not_named_twice(failing: Add, capsys: pytest.CaptureFixture[str]) -> None:
    failing(raising(InstanceRunning("prox is already running (pid 1)")))
    assert run(["failing"]) == 73
    assert capsys.readouterr().err == "prox is already running (pid 1)\n"


def test_problems_of_a_file_stand_alone(failing: Add, capsys: pytest.CaptureFixture[str]) -> None:
    problems = (Problem("prox.yaml", 3, 5, "processes.api", "is bad"), Problem("prox.yaml", 0, 0, "", "is worse"))
    failing(raising(ConfigError(problems)))
    assert run(["failing"]) == 78
    assert capsys.readouterr().err == "prox.yaml:3:5: processes.api: is bad\nprox.yaml: is worse\n"


@pytest.mark.parametrize("debug", [False, True])
def test_an_unexpected_failure(
    failing: Add, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    monkeypatch.setenv("PROX_DEBUG", "1" if debug else "0")
    failing(raising(ExceptionGroup("several", [ZeroDivisionError("division by zero"), ValueError()])))
    assert run(["failing"]) == 125
    error = capsys.readouterr().err
    assert error.endswith(
        "prox: internal error: ZeroDivisionError: division by zero; run again with PROX_DEBUG=1 for a traceback\n"
    )
    assert ("Traceback" in error) == debug


def test_an_interrupt_is_quiet(failing: Add, capsys: pytest.CaptureFixture[str]) -> None:
    failing(raising(KeyboardInterrupt()))
    assert run(["failing"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("returned", [None, 0, 7])
def test_the_code_that_a_command_returns(failing: Add, returned: int | None) -> None:
    failing(lambda: returned)
    assert run(["failing"]) == (returned or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["statsu"], "prox: no command named 'statsu' (did you mean 'status'?); see `prox --help`\n"),
        (["version", "--foo"], "prox: no such option '--foo'; see `prox version --help`\n"),
        (["--foo"], "prox: no such option '--foo'; see `prox --help`\n"),
        (["start"], "prox: missing argument 'NAMES...'; see `prox start --help`\n"),
        (["wait", "--log", "x", "--for", "ready?"], None),
        (["wait", "--log", "x", "--for", "running"], None),
        (["up", "--wait-timeout", "5s"], None),
        (["up", "-p", "x"], None),
        (["--addr", "nowhere", "status"], None),
        (["status", "--addr", "https://localhost:1"], None),
    ],
)  # fmt: skip
def test_bad_usage(arguments: list[str], message: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message is None or captured.err == message


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in group.COMMANDS)
    assert run([]) == 64
    assert capsys.readouterr() == ("", text)


def program(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "prox", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with program("version", stdout=writing) as process:
        os.close(writing)
        assert process.communicate()[1] == b""
        assert process.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_a_full_disk_is_said() -> None:
    with open("/dev/full", "wb") as full, program("version", stdout=full) as process:
        assert process.communicate()[1] == b"prox: cannot write the output: No space left on device\n"
        assert process.returncode == 1


def test_output_that_was_closed_is_no_failure() -> None:
    command = ["sh", "-c", f"exec {sys.executable} -m prox version >&- 2>&-"]
    assert subprocess.run(command, check=False).returncode == 0


HEAVY = {"trio", "quart", "quart_trio", "hypercorn", "h11", "yaml", "re2", "psutil", "msgspec", "dotenv"}


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["list"], ["status", "--addr", "http://127.0.0.1:1"]])
def test_a_client_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"import sys; from prox.cli.main import run; run({arguments!r}); print(sorted({HEAVY!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_imports_click_and_the_standard_library_only() -> None:
    code = (
        # What the interpreter itself brings, as Debian's does with its sitecustomize, is not ours.
        "import sys; before = set(sys.modules); from prox.cli.main import run; run(['--help']);"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before if name[0] != '_'};"
        "print(sorted(names - set(sys.stdlib_module_names) - {'click', 'prox'}))"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True, text=True)
    assert result.stdout.splitlines()[-1] == "[]"
