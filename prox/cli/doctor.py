"""`prox doctor`: diagnoses problems with a project's setup, and ends processes left over by a killed instance."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prox.cli.exit_codes import FAILED, OK
from prox.cli.leftovers import end_leftovers
from prox.cli.output import colored, print_json, say
from prox.cli.project import instance_folder, load_project
from prox.core.text import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.config.model import Config

DESCRIPTORS = 1024
"""The open file limit below which a project of some size runs out of descriptors."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one diagnosis: its name and a sentence. ``ok``: no problem was found."""

    subject: str
    ok: bool
    message: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def doctor(as_json: bool) -> int:
    """Diagnose problems with this project's setup: taken ports, permissions, commands that are not
    found, names that do not resolve to this machine. Ends processes left running by a prox that was killed.

    The exit code is 1 if there are problems.
    """
    config = load_project()
    folder = instance_folder()
    findings = []
    for finding in _examine(config, folder):
        findings.append(finding)
        if not as_json:
            say(_line(finding))
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": ok, "findings": [asdict(finding) for finding in findings]})
    return OK if ok else FAILED


def _line(finding: Finding) -> str:
    word, color = ("ok", 32) if finding.ok else ("problem", 31)
    shown = f"\x1b[{color}m{word:7}\x1b[0m" if colored() else f"{word:7}"
    return f"{shown}  {escape_controls(finding.subject)}: {escape_controls(finding.message)}"


def _examine(config: Config, folder: Path) -> Iterator[Finding]:
    yield Finding(Path(config.file or config.folder).name, True, _count(config))
    yield from _folders(config, folder)
    yield from _leftovers(folder)
    yield from _programs(config)
    yield from _ports(config, folder)
    yield from _hosts(config)
    yield from _certificates(config)
    yield _limits()


def _count(config: Config) -> str:
    counts = [
        f"{len(found)} {kind if len(found) == 1 else plural}"
        for found, kind, plural in ((config.processes, "process", "processes"), (config.jobs, "job", "jobs"))
        if found
    ]
    return f"valid, {' and '.join(counts)}"


def _folders(config: Config, folder: Path) -> Iterator[Finding]:
    """Check the directories and files that prox writes."""
    from prox.instance.owned_files import FolderRefused, open_folder
    from prox.instance.token import TokenError, find_token
    from prox.sinks.files import log_folder

    try:
        with open_folder(folder):
            yield Finding(
                folder.name,
                True,
                "accessible only to you" if _is_private(folder) else "will be made accessible only to you",
            )
    except FileNotFoundError:
        ok = os.access(folder.parent, os.W_OK | os.X_OK)
        yield Finding(folder.name, ok, "will be created by `prox up`" if ok else f"cannot write to {folder.parent}")
    except FolderRefused as error:
        yield Finding(folder.name, False, str(error))
    logs = log_folder(config, folder)
    if logs is not None:
        above = next(path for path in (logs, *logs.parents) if path.exists())
        ok = above.is_dir() and os.access(above, os.W_OK | os.X_OK)
        yield Finding("logs.dir", ok, "writable" if ok else f"cannot write to {above}; no lines would be kept")
    try:
        find_token()
    except (FolderRefused, TokenError) as error:
        yield Finding("~/.prox/token", False, str(error))


def _is_private(path: Path) -> bool:
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def _leftovers(folder: Path) -> Iterator[Finding]:
    """End processes left running by a prox that was killed."""
    from prox.instance.owned_files import FolderRefused
    from prox.instance.running import is_running

    try:
        if is_running(folder):
            yield Finding("leftovers", True, "not checked: an instance is running")
            return
    except FolderRefused:
        # Already reported by _folders; leftovers can be found without the directory.
        pass
    found = end_leftovers(folder)
    for each in found:
        how = "ended" if each.gone else "cannot be ended"
        yield Finding("leftovers", each.gone, f"left running by a prox that was killed: {each.said}; {how}")
    if not found:
        yield Finding("leftovers", True, "none")


def _programs(config: Config) -> Iterator[Finding]:
    """Check that working directories exist and, for commands without a shell, that the program does."""
    from prox.system.spawning import why_not_in

    for kind, specs in (("processes", config.processes), ("jobs", config.jobs)):
        for name, spec in specs.items():
            cwd = Path(config.folder, spec.cwd)
            if why := why_not_in(str(cwd)):
                yield Finding(f"{kind}.{name}.cwd", False, why)
            elif not isinstance(spec.cmd, str) and not _is_found(spec.cmd[0], cwd, config.env | spec.env):
                yield Finding(f"{kind}.{name}.cmd", False, f"command {spec.cmd[0]!r} not found in PATH")


def _is_found(program: str, cwd: Path, env: dict[str, str]) -> bool:
    if os.sep in program:
        return os.access(cwd / program, os.X_OK)
    return shutil.which(program, path=env.get("PATH", os.environ.get("PATH"))) is not None


def _ports(config: Config, folder: Path) -> Iterator[Finding]:
    """Check that the configured ports are free, or held by this project's instance."""
    from prox.instance.folder import instance_prefix
    from prox.instance.owned_files import FolderRefused
    from prox.instance.running import read_running
    from prox.system.ports import find_holders, is_taken
    from prox.watchdog.marks import marked

    running = None
    with suppress(FolderRefused):
        running = read_running(folder)
    own = {running.pid, *marked(instance_prefix(folder))} if running else set()
    wanted = {f"processes.{name}.port": spec.port for name, spec in config.processes.items()}
    wanted |= {"api.port": config.api.port}
    if config.proxy is not None and config.proxy.enabled:
        wanted |= {"proxy.http_port": config.proxy.http_port, "proxy.https_port": config.proxy.https_port}
    for key, port in wanted.items():
        if not isinstance(port, int) or port == 0:
            continue
        if not is_taken(port):
            yield Finding(key, True, f"port {port} is free")
            continue
        holders = find_holders(port)
        if holders and own.issuperset(holder.pid for holder in holders):
            yield Finding(key, True, f"port {port} is in use by this instance")
        else:
            who = " and ".join(map(str, holders)) or "an unknown process"
            yield Finding(key, False, f"port {port} is taken by {who}; stop it, or choose another port")


def _hosts(config: Config) -> Iterator[Finding]:
    """Check that the proxy's names resolve to this machine."""
    if config.proxy is None or not config.proxy.enabled:
        return
    for host in [config.proxy.domain, *(f"{service}.{config.proxy.domain}" for service in config.services)]:
        if host == "localhost" or host.endswith(".localhost"):
            yield Finding(host, True, "needs no entry: names below localhost are this machine (RFC 6761 §6.3)")
            continue
        try:
            found = {str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError):
            yield Finding(host, False, "does not resolve; `sudo prox hosts --add` adds it to /etc/hosts")
            continue
        ok = all(address.startswith("127.") or address == "::1" for address in found)
        yield Finding(host, ok, f"resolves to {' and '.join(sorted(found))}{'' if ok else ', not to this machine'}")


def _certificates(config: Config) -> Iterator[Finding]:
    """Check the certificates directory, if HTTPS is configured."""
    if config.proxy is None or not config.proxy.enabled or config.proxy.https_port is None:
        return
    folder = Path(config.folder, Path(config.certs.dir).expanduser())
    if not folder.exists():
        ok = config.certs.auto_generate
        message = (
            "will be made when they are needed" if ok else f"{folder} does not exist, and certs.auto_generate is false"
        )
        yield Finding("certificates", ok, message)
        return
    open_to_others = [path.name for path in folder.glob("*key*") if path.is_file() and not _is_private(path)]
    if open_to_others:
        keys = ", ".join(sorted(open_to_others))
        yield Finding("certificates", False, f"other users can read {keys} in {folder}; fix: chmod 600")
    else:
        yield Finding("certificates", True, f"the keys in {folder} are readable only by you")


def _limits() -> Finding:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return Finding("open files", True, "no limit")
    return Finding("open files", hard >= DESCRIPTORS, f"limit {hard} (ulimit -Hn)")
