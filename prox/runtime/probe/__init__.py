"""Health checks of one incarnation of a process. Counterpart of ``core.health``, which evaluates the results.

base      the interface of a probe
loop      periodic checks
opening   the probe for a ``healthcheck`` of prox.yaml
command   ``cmd``
http      ``http``
tcp       ``tcp``
log       ``log``
notify    ``notify``
reach     connections to the process's own listener only
"""

from __future__ import annotations

from prox.core.health import CheckResult
from prox.runtime.probe.base import Probe, Target
from prox.runtime.probe.factory import open_probe
from prox.runtime.probe.loop import run_probe

__all__ = ["CheckResult", "Probe", "Target", "open_probe", "run_probe"]
