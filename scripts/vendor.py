"""Take the dashboard's JavaScript libraries from npm into prox/web/vendor: `make vendor`.

Versions and integrity hashes are pinned in ``PACKAGES``. ``npm pack`` downloads each package, from the registry that
npm is configured for; a package with another hash is refused. manifest.json describes the files.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "prox" / "web" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package and the files taken from it."""

    name: str
    version: str
    licence: str
    integrity: str
    """As in a package-lock.json (Subresource Integrity)."""
    files: dict[str, str]
    """Names in the package, and in the folder of that package below vendor/."""
    append: str = ""
    """Text appended to each JavaScript file."""


PACKAGES = (
    Package(
        name="lit-html",
        version="3.3.3",
        licence="BSD-3-Clause",
        integrity="sha512-el8M6jK2o3RXBnrSHX3ZKrsN8zEV63pSExTO1wYJz7QndGYZ8353e2a5PPX+qHe2aGayfnchQmkAojaWAREOIA==",
        # The package's own structure: its modules import each other by relative paths.
        files={
            name: name
            for name in (
                "lit-html.js",
                "directive.js",
                "directive-helpers.js",
                "async-directive.js",
                "directives/class-map.js",
                "directives/keyed.js",
                "directives/live.js",
                "directives/ref.js",
                "directives/repeat.js",
            )
        }
        | {"LICENSE": "LICENSE.txt"},
    ),
    Package(
        name="uplot",
        version="1.6.32",
        licence="MIT",
        integrity="sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        files={
            "dist/uPlot.iife.min.js": "uPlot.js",
            "dist/uPlot.min.css": "uPlot.css",
            "LICENSE": "LICENSE.txt",
        },
        # The package's ES module is not minified and three times the size.
        append="export default uPlot;\n",
    ),
    Package(
        name="ansi_up",
        version="6.0.6",
        licence="MIT",
        integrity="sha512-yIa1x3Ecf8jWP4UWEunNjqNX6gzE4vg2gGz+xqRGY+TBSucnYp6RRdPV4brmtg6bQ1ljD48mZ5iGSEj7QEpRKA==",
        files={"ansi_up.js": "ansi_up.js", "LICENSE": "LICENSE.txt"},
    ),
)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            archives = [(package, download(package, Path(folder))) for package in PACKAGES]
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            print(f"vendor: {error}", file=sys.stderr)
            return 1
    shutil.rmtree(VENDOR, ignore_errors=True)
    entries = [write(package, archive) for package, archive in archives]
    text = json.dumps({"packages": entries}, indent=2) + "\n"
    (VENDOR / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    print(f"wrote {VENDOR}")
    return 0


def download(package: Package, folder: Path) -> bytes:
    """Return a package's archive. Raises ValueError if its hash is not the pinned one."""
    command = ["npm", "pack", "--json", "--ignore-scripts", f"{package.name}@{package.version}"]
    packed = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, timeout=120)
    archive = (folder / json.loads(packed.stdout)[0]["filename"]).read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != package.integrity:
        raise ValueError(f"{package.name} {package.version} has integrity {found}, not {package.integrity}")
    return archive


def write(package: Package, archive: bytes) -> dict[str, object]:
    """Write a package's files, and return its entry of the manifest."""
    hashes = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for source, target in sorted(package.files.items(), key=lambda item: item[1]):
            member = tar.extractfile(f"package/{source}")
            assert member is not None, source
            data = member.read()
            if target.endswith(".js"):
                data = without_source_map(data) + package.append.encode()
            path = VENDOR / package.name / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            hashes[f"{package.name}/{target}"] = hashlib.sha256(data).hexdigest()
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "integrity": package.integrity,
        "files": hashes,
    }


def without_source_map(data: bytes) -> bytes:
    """Return a script without the reference to its source map, which is not shipped."""
    lines = [line for line in data.splitlines() if not line.startswith(b"//# sourceMappingURL=")]
    return b"\n".join(lines) + b"\n"


if __name__ == "__main__":
    sys.exit(main())
