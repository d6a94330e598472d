"""``prox.testing.up``: run a stack during a block, without pytest."""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prox.instance.finding import find_config
from prox.testing.handle import StackHandle
from prox.testing.server import Server
from prox.testing.stack import Stack
from prox.testing.starting import local_instance

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

__tracebackhide__ = True  # pytest shows the test's own frames only


@contextmanager
def up(
    *names: str, config: str | os.PathLike[str] | Stack | None = None, env: Mapping[str, str] | None = None
) -> Iterator[StackHandle]:
    """Run a private instance during the block, with the named processes ready; others start when asked for.

    ``config``: the path of a prox.yaml, or a ``Stack``; None: prox.yaml in the current directory or the nearest parent.
    ``env``: variables for all processes. Raises ServerFailed, StartFailure, KeyError.
    """
    if config is None:
        config = find_config(config=None, project_dir=None, cwd=Path.cwd())
    stack = Stack.of(config).changed(overrides=None, env=env)
    with (
        tempfile.TemporaryDirectory(prefix="prox-") as folder,
        Server(stack, Path(folder, "i")) as server,
        closing(local_instance(server, stack, test=lambda: "")) as instance,
    ):
        handle = StackHandle(instance)
        handle.up(*names)
        yield handle
