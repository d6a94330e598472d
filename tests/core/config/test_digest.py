"""The digest of a process changes with whatever it is started with, and with nothing else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from helpers.config import config_of
from prox.core.config.digest import digests

TEXT = "processes: {a: x, b: {cmd: y, env: {A: '1', B: '2'}}}\njobs: {j: z}\n"


def changed(text: str) -> set[str]:
    """Return the names whose digest is not that of ``TEXT``."""
    old, new = digests(config_of(TEXT)), digests(config_of(text))
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def test_each_process_and_job_has_a_short_digest_of_its_own() -> None:
    found = digests(config_of(TEXT))
    assert list(found) == ["a", "b", "j"]
    assert len(set(found.values())) == 3
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in found.values())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (TEXT.replace("{A: '1', B: '2'}", "{B: '2', A: '1'}"), set()),
        (TEXT + "shutdown_timeout: 3s\nlogs: {keep: 1}\n", set()),
        (TEXT.replace("a: x", "a: [x]"), {"a"}),
        (TEXT.replace("B: '2'", "B: '3'"), {"b"}),
        (TEXT.replace("j: z", "j: {cmd: z, retries: 1}"), {"j"}),
        (TEXT + "env: {C: '3'}\n", {"a", "b", "j"}),
        (TEXT + "env_file: .env\n", {"a", "b", "j"}),
    ],
)
def test_what_changes_a_digest(text: str, names: set[str]) -> None:
    assert changed(text) == names


def test_another_folder_is_another_digest() -> None:
    config = config_of(TEXT)
    elsewhere = digests(replace(config, folder="/elsewhere"))
    assert not set(elsewhere.values()) & set(digests(config).values())


def test_a_name_that_is_not_utf_8_has_a_digest() -> None:
    config = replace(config_of(TEXT), folder="/\udcff")
    assert digests(config)["a"] != digests(config_of(TEXT))["a"]
