"""Access to the dashboard of an instance that requires a token: the link of `prox open`, in Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helpers.dashboard import authorized, cookie, drive, link
from helpers.project import Project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

PROX_YAML = """
api: {port: 0, auth: true}
processes:
  hidden: n=0; while :; do n=$((n + 1)); echo "classified $n"; sleep 0.2; done
"""


def test_link_opens_the_dashboard_once(project: Project, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    other = Project.create(tmp_path / "second")
    for each in (project, other):
        each.write(PROX_YAML)
    with project.up() as prox, other.up() as second:
        page = project.request("GET", "/")
        assert page.status == 401, page.body
        assert b"prox open" in page.body
        for secret in (b"hidden", b"classified", str(project.folder).encode()):
            assert secret not in page.body, page.body
        assert b"hidden" not in project.request("GET", "/?ticket=wrong").body

        values = {
            "base": prox.url,
            "link": link(project),
            "cookie": cookie(project),
            "other": {"base": second.url, "link": link(other), "cookie": cookie(other)},
        }
        drive("access.mjs", values)
        assert authorized(project, "/processes").json()["processes"][0]["status"] == "stopped"
        assert authorized(other, "/processes").json()["processes"][0]["status"] == "running"
