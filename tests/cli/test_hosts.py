"""`prox hosts`: the names, and a hosts file that is replaced whole or left as it is."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from helpers.config import config_of
from prox.cli.hosts import names_of, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.project import Project


def test_hosts(project: Project) -> None:
    project.write("processes: {web: x}\nproxy: {domain: my.test, http_port: 80}\nservices: {app: 80}")
    file = project.write("127.0.0.1 localhost\n", "hosts")
    file.chmod(0o640)
    shown = project.client("hosts", "--file", "hosts")
    assert "127.0.0.1 app.my.test\n::1 app.my.test\n" in shown.stdout
    assert "not in hosts" in shown.stdout
    assert project.client("hosts", "--add", "--file", "hosts").returncode == 0
    assert file.read_text().startswith("127.0.0.1 localhost\n# prox: begin ")
    assert file.stat().st_mode & 0o777 == 0o640
    assert "these lines are in hosts" in project.client("hosts", "--show", "--file", "hosts").stdout
    assert project.client("hosts", "--remove", "--file", "hosts").returncode == 0
    assert file.read_text() == "127.0.0.1 localhost\n"
    assert project.client("hosts", "--add", "--file", "no/such/hosts").returncode == 1
    assert list(project.folder.glob(".hosts*")) == []
    project.write("processes: {web: x}\nproxy: {domain: localhost, http_port: 80}\nservices: {app: 80}")
    assert "needs no entries" in project.client("hosts").stdout


def test_a_file_that_is_as_wanted_is_not_written(project: Project) -> None:
    project.write("processes: {web: x}\nproxy: {domain: my.test, http_port: 80}")
    file = project.write("127.0.0.1 localhost\n", "hosts")
    before = file.stat().st_ino
    ran = project.client("hosts", "--remove", "--file", "hosts")
    assert (ran.returncode, ran.stdout) == (0, "hosts needs no change\n")
    assert file.stat().st_ino == before


def test_a_file_that_cannot_be_read_is_named(project: Project) -> None:
    project.write("processes: {web: x}\nproxy: {domain: my.test, http_port: 80}")
    ran = project.client("hosts", "--file", ".")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "prox: cannot read .: Is a directory\n")


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("my.test", ["my.test", "app.my.test"]),
        ("localhost", []),
        ("shop.localhost", []),
        ("notlocalhost", ["notlocalhost", "app.notlocalhost"]),
    ],
)
def test_which_names_need_an_entry(domain: str, names: list[str]) -> None:
    text = f"processes: {{web: x}}\nproxy: {{domain: {domain}, http_port: 80}}\nservices: {{app: 80}}"
    assert names_of(config_of(text)) == names
    assert names_of(config_of("processes: {web: x}")) == []


def test_a_replaced_file_keeps_its_mode_and_is_another_inode(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("old")
    file.chmod(0o604)
    before = file.stat().st_ino
    replace_file(file, "new \udcff")
    assert file.read_bytes() == b"new \xff"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert file.stat().st_ino != before
    assert os.listdir(tmp_path) == ["hosts"]


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old, and longer")
    (tmp_path / "hosts").symlink_to("real")
    replace_file(tmp_path / "hosts", "new")
    assert (tmp_path / "hosts").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_file_that_is_missing_is_made(tmp_path: Path) -> None:
    replace_file(tmp_path / "hosts", "new")
    assert (tmp_path / "hosts").read_text() == "new"


def test_what_cannot_be_replaced_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        replace_file(tmp_path / "hosts", "new")
    assert os.listdir(tmp_path) == ["hosts"]
