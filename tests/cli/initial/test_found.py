"""How a file of a project is read for its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.cli.initial.found import NAME, read_file
from prox.core.config.scalar_formats import FORMS
from prox.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_missing_is_none_and_an_empty_one_is_not(tmp_path: Path) -> None:
    assert read_file(tmp_path / "Procfile") is None
    (tmp_path / "Procfile").touch()
    assert read_file(tmp_path / "Procfile") == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb \0\n", "Procfile:2:1: contains a NUL character, which a command cannot"),
        (b"a\nb \xff\n", "Procfile:2:1: is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_commands_is_named_without_its_folder(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "Procfile").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_file(tmp_path / "Procfile")
    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["web", "a.b_c-1", "0"])
def test_a_name_is_one_that_prox_yaml_takes(name: str) -> None:
    assert NAME.fullmatch(name)
    assert FORMS["name"].parse(name) == name
    assert not NAME.fullmatch(f"-{name}")
