"""The scripts of package.json: which are taken, by which names, and what runs them."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from prox.cli.initial.package_json import read_package_json
from prox.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def commands(folder: Path) -> dict[str, str] | None:
    """Return the processes that package.json of the folder gives."""
    found = read_package_json(folder)
    return found.processes if found else None


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
        (["dev:" + "x" * 60], {"x" * 50: "dev:" + "x" * 60}, {}),
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


@pytest.mark.parametrize("package", ["{}", '{"scripts": {}}', '{"scripts": {"build": "x", "test": "y", "redev": "z"}}'])
def test_a_package_with_nothing_to_run(folder: Path, package: str) -> None:
    (folder / "package.json").write_text(package)
    assert read_package_json(folder) is None


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
    assert commands(folder) == {"dev": f"{manager} run dev"}


def test_what_package_json_says_of_it_goes_first(folder: Path) -> None:
    (folder / "package.json").write_text('{"packageManager": "pnpm@9.0.0+sha512.1", "scripts": {"dev": "vite"}}')
    (folder / "yarn.lock").touch()
    assert commands(folder) == {"dev": "pnpm run dev"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "scripts": {\n    "dev": vite\n', "package.json:3:12: is not JSON: Expecting value"),
        ("[]", "package.json:1:1: must be an object"),
        ('{\n\n"scripts": []}', "package.json:3:1: `scripts` must be an object of commands"),
        ('{\n"scripts": {"dev": 1}}', "package.json:2:1: `scripts` must be an object of commands"),
        ("[" * 100_000, "package.json: is nested too deeply"),
    ],
)
def test_a_file_that_is_no_package_is_refused_at_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "package.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_package_json(tmp_path)
    assert str(caught.value) == message
