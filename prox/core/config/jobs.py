"""Convert jobs to the processes that run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.config.model import ProcessSpec

if TYPE_CHECKING:
    from prox.core.config.model import Config, Job


def as_process(job: Job) -> ProcessSpec:
    """Return the process that runs a job; it starts only on request. Keys specific to jobs are not copied."""
    return ProcessSpec(
        cmd=job.cmd,
        description=job.description,
        cwd=job.cwd,
        env=job.env,
        env_file=job.env_file,
        port=job.port,
        depends_on=job.depends_on,
        stop=job.stop,
        groups=job.groups,
        autostart=False,
        per_worker=job.per_worker,
        stdin=job.stdin,
        tty=job.tty,
    )


def all_specs(config: Config) -> dict[str, ProcessSpec]:
    """Return processes and jobs by name, in the order of prox.yaml: processes first."""
    return config.processes | {name: as_process(job) for name, job in config.jobs.items()}
