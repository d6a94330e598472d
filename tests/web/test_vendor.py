"""The vendored JavaScript libraries: complete, unchanged, and usable under the page's policy."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[2] / "prox" / "web" / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
HASHES: dict[str, str] = {name: value for package in MANIFEST["packages"] for name, value in package["files"].items()}


def test_each_file_has_the_hash_of_the_manifest() -> None:
    found = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in HASHES}
    assert found == HASHES


def test_the_folder_holds_nothing_else() -> None:
    found = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert found == {"manifest.json", *HASHES}


@pytest.mark.parametrize("package", MANIFEST["packages"], ids=lambda package: package["name"])
def test_each_package_has_a_version_and_the_text_of_its_licence(package: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["licence"] in {"MIT", "BSD-3-Clause"}
    assert "Copyright" in (VENDOR / package["name"] / "LICENSE.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in HASHES if name.endswith(".js")])
def test_modules_import_only_files_of_the_folder(name: str) -> None:
    path = VENDOR / name
    text = path.read_text(encoding="utf-8")
    for imported in re.findall(r"""(?:from|import)\s*["']([^"']+)["']""", text):
        assert imported.startswith("."), imported
        target = (path.parent / imported).resolve()
        assert target.relative_to(VENDOR).as_posix() in HASHES


@pytest.mark.parametrize("name", [name for name in HASHES if not name.endswith(".txt")])
def test_no_file_needs_what_the_policy_forbids(name: str) -> None:
    """`default-src 'self'` allows neither eval nor data: URLs; source maps are not shipped."""
    text = (VENDOR / name).read_text(encoding="utf-8")
    assert re.findall(r"\beval\(|\bnew Function\b|url\(|@import|sourceMappingURL", text) == []
