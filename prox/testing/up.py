"""``prox.testing.up``: a stack for the length of a block, without pytest."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prox.instance.finding import find_config
from prox.testing.handle import Stack
from prox.testing.server import Server, client_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping


@contextmanager
def up(
    *names: str, config: str | os.PathLike[str] | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Run a private instance for the length of the block, with the named processes ready; others start when asked for.

    ``config``: prox.yaml; None: that of the current folder or the nearest one above. ``env``: variables for all
    processes. Raises ServerFailed, StartFailure, KeyError.
    """
    path = Path(config) if config is not None else find_config(config=None, project_dir=None, cwd=Path.cwd())
    with (
        tempfile.TemporaryDirectory(prefix="prox-") as folder,
        Server(path.absolute(), Path(folder, "i"), env) as server,
    ):
        stack = Stack(client_of(server.folder), server.folder)
        stack.up(*names)
        yield stack
