"""Follows a Markdown page as a reader does: writes its files, runs its commands, compares what they print.

- A block with a title (```` ```yaml title="prox.yaml" ````) is a file, written where the commands run.
- A block ``sh`` holds commands that must succeed.
- A block ``console`` holds commands, each after ``$``, and what they print. ``…`` stands for any text; alone on a line,
  for any lines.
- `prox up` in the foreground goes on while later blocks run, as in a terminal of its own; a block that begins with
  ``^C`` presses Ctrl-C there. Its lines may come in any order, as those of processes do.

Times, dates, durations, sizes, shares of a CPU, pids, ports, ids and versions may differ from the page.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from helpers.project import SECONDS, RunningProx
from prox.system.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HOME = "/home/me"
"""The home directory of the reader, as pages show it."""
_TITLE = re.compile(r'title="([^"]+)"')
_PORT = re.compile(r"(?:port|PORT|ports|-p)\W{1,3}(\d{4,5})\b")
"""A port that a page chooses itself."""
_FOREGROUND = re.compile(r"(?:make demo|\S*prox (?:-c \S+ )?up(?!.* (?:-d|--detach)\b))")
_LOOKS = re.compile(r"(?:\S*prox (?:-c \S+ )?(?:status|logs|requests|list|graph)|curl -s \S+$)")
"""Commands that change nothing: they are repeated until they print what the page says."""
_NUMBER = r"\b\d{4,}\b"
"""A pid, a port or a size; a pid of a real run may be shorter."""
_FREE = [
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
    r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{4}",
    r"\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d",
    r"\d\d:\d\d:\d\d",
    r"(?<=uptime_seconds\":)\d+",
    r"\d+\.\d+\.\d+(?!\.)",
    r"\d+(?:\.\d+)? ?(?:ms|s|m|h)\b",
    r"\d+(?:\.\d+)?%",
    r"\d+(?:\.\d+)? ?(?:B|KB|MB|GB)\b",
    _NUMBER,
    r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,16}\b",
]
_TOKEN = re.compile("|".join(f"(?P<f{number}>{pattern})" for number, pattern in enumerate(_FREE)) + r"|(?P<any>…)|\s+")


@dataclass(frozen=True)
class File:
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """``expected``: the lines that it prints; None: any."""

    text: str
    expected: list[str] | None


@dataclass(frozen=True)
class Interrupt:
    """Ctrl-C in the terminal of the foreground command."""

    expected: list[str]


Step = File | Command | Interrupt


def steps_of(page: str) -> Iterator[Step]:
    """Return what a reader of a page does, in order."""
    for block in MarkdownIt().parse(page):
        if block.type != "fence":
            continue
        language, _, rest = block.info.partition(" ")
        if title := _TITLE.search(rest):
            yield File(title[1], block.content)
        elif language == "sh":
            yield Command(block.content, None)
        elif language == "console":
            yield from _console(block.content.splitlines())


def _console(lines: list[str]) -> Iterator[Step]:
    if lines[0] == "^C":
        end = next((at for at, line in enumerate(lines) if line.startswith("$ ")), len(lines))
        yield Interrupt(lines[1:end])
        lines = lines[end:]
    command, expected = "", list[str]()
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield Command(command, expected)
            command, expected = line[2:], []
        elif line.startswith("> ") and not expected:
            command += "\n" + line[2:]
        else:
            expected.append(line)
    if command:
        yield Command(command, expected)


def with_free_ports(page: str) -> str:
    """Return a page with the ports that it chooses replaced by free ones of this machine."""
    ports = sorted({port for port in _PORT.findall(page) if int(port) < 65536})
    for port, free in zip(ports, free_ports(len(ports)), strict=True):
        page = re.sub(rf"\b{port}\b", str(free), page)
    return page


class Reader:
    """Follows one page, in ``home``, with the environment ``env``."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self._home = home
        self._env = {**env, "HOME": str(home), "TZ": "UTC"}
        self._shell = home.parent / "shell.sh"
        """Sets the environment and the directory that the last command left behind."""
        self._shell.write_text(f"cd {shlex.quote(str(home))}\n")
        self._foreground: RunningProx | None = None

    def follow(self, page: str, timeout: float = SECONDS) -> None:
        """Raises AssertionError where a command fails, or prints something else than the page says."""
        try:
            for step in steps_of(with_free_ports(page)):
                match step:
                    case File(path, text):
                        self._write(path, text)
                    case Interrupt(expected):
                        self._interrupt(expected)
                    case Command(text, expected) if _FOREGROUND.match(text):
                        self._begin(text, expected or [])
                    case Command(text, expected):
                        self._run(text, expected, timeout)
        finally:
            self.close()

    def put_on_path(self, programs: Mapping[str, str]) -> None:
        """Add programs, given as scripts, to the front of PATH."""
        folder = self._home.parent / "bin"
        folder.mkdir()
        for name, script in programs.items():
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
        self._env["PATH"] = f"{folder}:{self._env['PATH']}"

    def close(self) -> None:
        """Stop every instance that the page has left running."""
        self._stop_foreground()
        for lock in self._home.rglob(".prox/prox.pid"):
            subprocess.run(["prox", "down"], cwd=lock.parents[1], env=self._env, capture_output=True, timeout=SECONDS)

    def _stop_foreground(self) -> None:
        if self._foreground:
            self._foreground.close()
            self._foreground = None

    def _write(self, name: str, text: str) -> None:
        path = self._folder() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)

    def _folder(self) -> Path:
        shell = f". {shlex.quote(str(self._shell))}; pwd"
        ran = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, env=self._env)
        return self._home / ran.stdout.rstrip("\n")

    def _begin(self, text: str, expected: list[str]) -> None:
        self._stop_foreground()
        shell = f". {shlex.quote(str(self._shell))}; exec {text}"
        self._foreground = RunningProx(["bash", "-c", shell], {"env": self._env})
        for line in expected:
            self._foreground.wait_line(pattern_of(line.replace(HOME, str(self._home))))

    def _interrupt(self, expected: list[str]) -> None:
        assert self._foreground, "nothing runs in the foreground"
        self._foreground.signal(2)
        code = self._foreground.wait()
        output = self._shown(self._foreground.output)
        missing = [line for line in expected if not any(map(pattern_of(line).fullmatch, output))]
        assert missing == [], "\n".join(["not in:", *output])
        assert code == 0

    def _run(self, text: str, expected: list[str] | None, timeout: float) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            # Where the command is asked for by Ctrl-C or a failure, its directory and variables stay those before it.
            shell = (
                f"set -e; . {shlex.quote(str(self._shell))}\n{self._addressed(text)}\n"
                f'{{ export -p; echo "cd $(printf %q "$PWD")"; }} > {shlex.quote(str(self._shell))}\n'
            )
            ran = subprocess.run(
                ["bash", "-c", shell if expected is None else shell.replace("set -e; ", "", 1)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=self._env,
                timeout=timeout,
            )
            output = self._shown(ran.stdout)
            if expected is None:
                assert ran.returncode == 0, f"{text}\n{ran.stdout}"
                return
            if matches(expected, output):
                return
            if not _LOOKS.match(text) or time.monotonic() > deadline:
                raise AssertionError("\n".join([f"$ {text}", "the page says:", *expected, "it prints:", *output]))
            time.sleep(0.1)

    def _addressed(self, text: str) -> str:
        """Return a command with the address of the API as it is here: another instance may have the default port."""
        state = self._folder() / ".prox" / "prox.state"
        if "127.0.0.1:5555" in text and state.exists():
            port = re.search(r'"port": ?(\d+)', state.read_text())
            assert port
            return text.replace("127.0.0.1:5555", f"127.0.0.1:{port[1]}")
        return text

    def _shown(self, output: str) -> list[str]:
        return output.replace(str(self._home), HOME).splitlines()


def matches(expected: list[str], output: list[str]) -> bool:
    """Say whether a command printed what a page says, where a line ``…`` stands for any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else f"{pattern_of(line).pattern}\n" for line in expected)
    return bool(re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in output)))


def pattern_of(line: str) -> re.Pattern[str]:
    """Return the pattern of a line as a page shows it, with all free that differs from run to run."""
    parts, end = [], 0
    for found in _TOKEN.finditer(line.rstrip()):
        parts.append(re.escape(line[end : found.start()]))
        end = found.end()
        kind = found.lastgroup
        if kind is None or kind == "any":
            parts.append(r"[^\S\n]+" if kind is None else ".*")
        else:
            free = _FREE[int(kind[1:])]
            parts.append(r"\b\d+\b" if free == _NUMBER else f"(?:{free})")
    parts.append(re.escape(line.rstrip()[end:]))
    return re.compile("".join(parts))
