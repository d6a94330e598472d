"""The programs that prox is compared with: their versions, and how each supervisor runs some commands.

Each is started as its documentation shows it, with commands for a shell and without health checks or restarts.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bench.programs import INSTALLED, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

PIP = {"honcho": "honcho", "supervisor": "supervisor", "circus": "circus", "mitmproxy": "mitmproxy"}
NPM = {
    "foreman (node)": "foreman",
    "concurrently": "concurrently",
    "mprocs": "mprocs",
    "pm2": "pm2",
    "portless": "portless",
    "http-proxy": "http-proxy",
}
SYSTEM = {
    "nginx": ("nginx", "-v"),
    "haproxy": ("haproxy", "-v"),
    "caddy": ("caddy", "version"),
    "make": ("make", "--version"),
    "cat": ("cat", "--version"),
}
VENV, NODE = INSTALLED / "venv", INSTALLED / "node" / "node_modules"


@dataclass(frozen=True, slots=True)
class Supervisor:
    """``prepare`` writes what it reads into a folder, and returns its command line for commands by name."""

    name: str
    prepare: Callable[[Path, Mapping[str, str]], list[str]]
    needs_terminal: bool = False


def supervisors(names: Iterable[str]) -> list[Supervisor]:
    """Return those of the names that are supervisors, and installed."""
    return [
        Supervisor(name, _PREPARE[name], name == "mprocs") for name in names if name in _PREPARE and installed(name)
    ]


def is_peer(name: str) -> bool:
    """Return whether a contender is a program of others."""
    return name in PIP or name in NPM or name in SYSTEM


def installed(name: str) -> bool:
    """Return whether a contender can be run; say so where it cannot."""
    if name in PIP:
        found = bool(list(VENV.glob(f"lib/python*/site-packages/{PIP[name]}")))
    elif name in NPM:
        found = (NODE / NPM[name]).exists()
    else:
        found = name not in SYSTEM or program(SYSTEM[name][0]) is not None
    if not found:
        _say_missing(name)
    return found


@cache
def _say_missing(name: str) -> None:
    print(f"bench: {name} is not installed and left out; `make bench-setup` installs it", file=sys.stderr)


def program(name: str) -> str | None:
    """Return the path of a program of the system, also of those that only root has in PATH; None: there is none."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


@cache
def version(name: str) -> str:
    """Return the version of an installed contender; empty: it has none."""
    if name in NPM:
        return str(json.loads((NODE / NPM[name] / "package.json").read_text())["version"])
    if name in PIP:
        code = f"from importlib.metadata import version; print(version({PIP[name]!r}))"
        command = [str(VENV / "bin/python"), "-c", code]
    elif name in SYSTEM:
        command = [program(SYSTEM[name][0]) or "", SYSTEM[name][1]]
    else:
        return ""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found[0] if found else ""


def node_program(name: str) -> str:
    return str(NODE / ".bin" / name)


def _prox(folder: Path, commands: Mapping[str, str], logs: Mapping[str, object] | None = None) -> list[str]:
    settings = {"api": {"port": 0}, **({"logs": logs} if logs else {}), "processes": dict(commands)}
    (folder / "prox.yaml").write_text(json.dumps(settings))
    return [sys.executable, "-m", "prox", "up", "--exit-when-done"]


def _prox_without_files(folder: Path, commands: Mapping[str, str]) -> list[str]:
    return _prox(folder, commands, {"dir": False})


def _limit(folder: Path, commands: Mapping[str, str]) -> list[str]:
    return [str(compiled("limit")), str(len(commands)), *set(commands.values())]


def _procfile(folder: Path, commands: Mapping[str, str]) -> None:
    (folder / "Procfile").write_text("".join(f"{name}: {command}\n" for name, command in commands.items()))


def _honcho(folder: Path, commands: Mapping[str, str]) -> list[str]:
    _procfile(folder, commands)
    return [str(VENV / "bin/honcho"), "start"]


def _foreman(folder: Path, commands: Mapping[str, str]) -> list[str]:
    _procfile(folder, commands)
    return [node_program("nf"), "start"]


def _concurrently(folder: Path, commands: Mapping[str, str]) -> list[str]:
    return [node_program("concurrently"), "--names", ",".join(commands), *commands.values()]


def _mprocs(folder: Path, commands: Mapping[str, str]) -> list[str]:
    # JSON is YAML (YAML 1.2, section 1.3).
    settings = {"procs": {name: {"shell": command} for name, command in commands.items()}}
    (folder / "mprocs.yaml").write_text(json.dumps(settings))
    return [node_program("mprocs")]


def _supervisord(folder: Path, commands: Mapping[str, str]) -> list[str]:
    programs = "".join(
        f"[program:{name}]\ncommand=/bin/sh -c '{command}'\nautorestart=false\nstartsecs=0\nstopasgroup=true\n"
        f"stdout_logfile={folder}/{name}.log\nredirect_stderr=true\n"
        for name, command in commands.items()
    )
    (folder / "supervisord.conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile={folder}/pid\n{programs}"
    )
    return [str(VENV / "bin/supervisord"), "-c", "supervisord.conf"]


def _circus(folder: Path, commands: Mapping[str, str]) -> list[str]:
    watchers = "".join(
        f"[watcher:{name}]\ncmd = {command}\nshell = True\ncopy_env = True\nnumprocesses = 1\n"
        for name, command in commands.items()
    )
    # Not its fixed ports, which others may hold.
    endpoints = f"endpoint = ipc://{folder}/control\npubsub_endpoint = ipc://{folder}/events\n"
    (folder / "circus.ini").write_text(f"[circus]\nwarmup_delay = 0\n{endpoints}{watchers}")
    return [str(VENV / "bin/circusd"), "circus.ini"]


def _pm2(folder: Path, commands: Mapping[str, str]) -> list[str]:
    apps = [
        {"name": name, "script": "/bin/sh", "args": ["-c", command], "interpreter": "none", "autorestart": False}
        for name, command in commands.items()
    ]
    (folder / "pm2.json").write_text(json.dumps({"apps": apps}))
    return [node_program("pm2-runtime"), "start", "pm2.json"]


_PREPARE: Mapping[str, Callable[[Path, Mapping[str, str]], list[str]]] = {
    "prox": _prox,
    "prox, no files": _prox_without_files,
    "honcho": _honcho,
    "foreman (node)": _foreman,
    "concurrently": _concurrently,
    "mprocs": _mprocs,
    "supervisor": _supervisord,
    "circus": _circus,
    "pm2": _pm2,
    "C": _limit,
}
