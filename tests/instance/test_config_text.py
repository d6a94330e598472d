"""The text of prox.yaml and of the file laid over it, and its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.errors import ConfigError
from prox.instance.config_text import config_texts, current_digest, digest_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("name", ["prox.yaml", "prox.yml"])
def test_the_override_beside_it_comes_second(folder: Path, name: str) -> None:
    file = write(folder / name, "a")
    assert config_texts(file) == [("a", name)]
    write(folder / "prox.override.yaml", "b")
    assert config_texts(file) == [("a", name), ("b", "prox.override.yaml")]


def test_a_file_of_another_name_has_no_override(folder: Path) -> None:
    write(folder / "prox.override.yaml", "b")
    assert config_texts(write(folder / "other.yaml", "a")) == [("a", "other.yaml")]


def test_a_file_that_is_missing_or_open_to_everybody_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^prox\.yaml: not found; `prox init` writes one$"):
        config_texts(folder / "prox.yaml")
    write(folder / "prox.yaml", "a")
    write(folder / "prox.override.yaml", "b").chmod(0o646)
    with pytest.raises(ConfigError, match=r"^prox\.override\.yaml: everyone can write to it"):
        config_texts(folder / "prox.yaml")


def test_the_digest_is_of_each_text_and_not_of_names() -> None:
    assert digest_of([("a", "x"), ("b", "y")]) == digest_of([("a", "z"), ("b", "z")])
    others = [[("a", "x")], [("ab", "x")], [("b", "x"), ("a", "y")], [("a", "x"), ("b", "y")]]
    assert len({digest_of(texts) for texts in others}) == len(others)


def test_the_current_digest_changes_with_either_file(folder: Path) -> None:
    file = write(folder / "prox.yaml", "a")
    first = current_digest(str(file))
    assert first == digest_of(config_texts(file))
    write(folder / "prox.override.yaml", "b")
    assert current_digest(str(file)) not in (first, None)
    (folder / "prox.override.yaml").unlink()
    assert current_digest(str(file)) == first


def test_there_is_no_digest_of_what_cannot_be_read_again(folder: Path) -> None:
    assert current_digest(str(folder / "prox.yaml")) is None
    assert current_digest("/dev/null") is None
