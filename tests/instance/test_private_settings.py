"""The settings of a private instance, from the process that starts it to the instance."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
import yaml

from prox.instance.private_settings import PrivateSettings, read_private_settings

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = PrivateSettings(
    overrides={"processes": {"api": {"env": {"A": "yes", "B": "é"}}}},
    only=["api"],
    ports={"db": 5432},
    urls={"app": "http://app.localhost:6788"},
)


def test_what_is_written_is_read_as_the_same(tmp_path: Path) -> None:
    SETTINGS.write(tmp_path)
    assert read_private_settings(tmp_path) == SETTINGS
    PrivateSettings().write(tmp_path)
    assert read_private_settings(tmp_path) == PrivateSettings()


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_private_settings(tmp_path) == PrivateSettings(overrides={}, only=None, ports={}, urls={})


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        SETTINGS.write(tmp_path)
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_overrides_are_yaml() -> None:
    text = SETTINGS.overrides_text
    assert text
    assert yaml.safe_load(text) == SETTINGS.overrides
    assert PrivateSettings().overrides_text is None


def test_settings_of_another_version_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "private.json").write_text('{"unknown": 1}')
    with pytest.raises(TypeError, match="unknown"):
        read_private_settings(tmp_path)
