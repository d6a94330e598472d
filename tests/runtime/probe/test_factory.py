"""From a healthcheck of prox.yaml to its probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.core.config.model import HealthCheck
from prox.core.errors import StartFailed
from prox.runtime.probe import open_probe
from prox.runtime.probe.command import CommandProbe
from prox.runtime.probe.http import HttpProbe
from prox.runtime.probe.log import LogProbe
from prox.runtime.probe.notify import NotifyProbe
from prox.runtime.probe.tcp import TcpProbe

if TYPE_CHECKING:
    from pathlib import Path

    from prox.runtime.probe import Probe


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (HealthCheck(cmd="true"), CommandProbe),
        (HealthCheck(cmd=("true",)), CommandProbe),
        (HealthCheck(http="/health"), HttpProbe),
        (HealthCheck(http="https://[::1]:8443/x?y=z"), HttpProbe),
        (HealthCheck(tcp=True), TcpProbe),
        (HealthCheck(tcp=1), TcpProbe),
        (HealthCheck(tcp="db:5432"), TcpProbe),
        (HealthCheck(log="ready$"), LogProbe),
        (HealthCheck(notify=True), NotifyProbe),
    ],
)
def test_each_kind_has_its_probe(check: HealthCheck, kind: type[Probe], tmp_path: Path) -> None:
    probe = open_probe(check, folder=tmp_path)
    assert type(probe) is kind
    probe.close()


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (HealthCheck(http="localhost:8000/health"), "a path that begins with /"),
        (HealthCheck(http="ftp://localhost/"), "a path that begins with /"),
        (HealthCheck(http="http://user:secret@localhost/"), "without user"),
        (HealthCheck(http="http://localhost:99999/"), "[Pp]ort"),
        (HealthCheck(tcp="db"), "a port or host:port"),
        (HealthCheck(tcp="db:0"), "a port or host:port"),
        (HealthCheck(tcp=0), "a port or host:port"),
        (HealthCheck(log="("), "regular expression"),
        (HealthCheck(), "none of cmd"),
    ],
)
def test_what_cannot_be_used_is_said(check: HealthCheck, words: str, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match=words):
        open_probe(check, folder=tmp_path)
