"""Add the local authority to trust stores: the system's, and those of NSS (Firefox, Chromium). Blocks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NICKNAME = "prox local authority"
SECONDS = 60
_STORES = (
    # Folder, name of the file, command that updates the store.
    (Path("/usr/local/share/ca-certificates"), "prox.crt", ("update-ca-certificates",)),
    (Path("/etc/pki/ca-trust/source/anchors"), "prox.pem", ("update-ca-trust", "extract")),
    (Path("/etc/ca-certificates/trust-source/anchors"), "prox.crt", ("trust", "extract-compat")),
)
"""Debian and Ubuntu; Fedora and its derivatives; Arch."""
_FIREFOX = (
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
)


@dataclass(frozen=True, slots=True)
class Step:
    """The result of adding the authority to one store. ``ok``: whether it was added."""

    what: str
    ok: bool
    why: str = ""


def trust(authority: Path, home: Path) -> list[Step]:
    """Add the authority to every store of this machine and this user; return the result for each."""
    steps = [_trust_macos(authority)] if sys.platform == "darwin" else [_trust_linux(authority)]
    return [*steps, *_trust_nss(authority, home)]


def _trust_linux(authority: Path) -> Step:
    for folder, name, command in _STORES:
        if folder.is_dir() and shutil.which(command[0]):
            target = folder / name
            what = f"{target}, {' '.join(command)}"
            try:
                shutil.copyfile(authority, target)
                target.chmod(0o644)
            except OSError as error:
                return Step(what, False, f"{error.strerror}; run it as root: sudo prox certs --trust")
            return _run(what, command)
    return Step("the system's store", False, "not found at the paths of Debian, Fedora and Arch")


def _trust_macos(authority: Path) -> Step:
    keychain = "/Library/Keychains/System.keychain"
    command = ("security", "add-trusted-cert", "-d", "-r", "trustRoot", "-k", keychain, str(authority))
    return _run(f"the keychain {keychain}", command)


def _trust_nss(authority: Path, home: Path) -> list[Step]:
    databases = nss_databases(home)
    if not databases:
        return []
    if not shutil.which("certutil"):
        return [Step("browsers' stores (NSS)", False, "certutil is not installed (Debian: libnss3-tools)")]
    steps = []
    for database in databases:
        where = f"sql:{database}"
        # The entry of that name may be an older authority.
        remove = ["certutil", "-D", "-d", where, "-n", NICKNAME]
        subprocess.run(remove, capture_output=True, timeout=SECONDS, check=False)
        command = ("certutil", "-A", "-d", where, "-t", "C,,", "-n", NICKNAME, "-i", str(authority))
        steps.append(_run(f"the browser's store {database}", command))
    return steps


def nss_databases(home: Path) -> list[Path]:
    """Return the folders of NSS databases: Chromium's, and those of Firefox's profiles."""
    places = [home / ".pki/nssdb"]
    for profiles in _FIREFOX:
        places += sorted((home / profiles).glob("*"))
    return [place for place in places if (place / "cert9.db").is_file()]


def _run(what: str, command: tuple[str, ...]) -> Step:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Step(what, False, str(error))
    why = (ran.stderr or ran.stdout).strip().splitlines()
    return Step(what, ran.returncode == 0, why[-1] if why and ran.returncode else "")
