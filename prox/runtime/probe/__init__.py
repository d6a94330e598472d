"""Health checks of one incarnation of a process. Counterpart of ``core.health``, which has the verdict.

base      what a probe is
loop      check after check, in time
opening   a probe for a ``healthcheck`` of prox.yaml
command   ``cmd``
http      ``http``
tcp       ``tcp``
log       ``log``
notify    ``notify``
reach     connections to a process's own listener, and to nobody else's
"""

from __future__ import annotations

from prox.core.health import CheckResult
from prox.runtime.probe.base import Probe, Target
from prox.runtime.probe.loop import run_probe
from prox.runtime.probe.opening import open_probe

__all__ = ["CheckResult", "Probe", "Target", "open_probe", "run_probe"]
