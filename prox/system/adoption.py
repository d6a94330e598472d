"""Check whether prox has adopted orphans; tasks that ask in the same pass of the scheduler share one check.

Otherwise fifty processes that end together would cause a hundred and fifty checks.
"""

from __future__ import annotations

import trio

from prox.system.children import nothing_adopted

_due: trio.lowlevel.RunVar[_Look | None] = trio.lowlevel.RunVar("_due", None)


class _Look:
    def __init__(self) -> None:
        self.found: bool | None = None


async def has_adopted_nothing() -> bool:
    """Return the result of a ``nothing_adopted`` that begins after this call. Not cancellable."""
    look = _due.get()
    if look is None:
        look = _Look()
        _due.set(look)
    await trio.lowlevel.cancel_shielded_checkpoint()
    if look.found is None:
        # Tasks that ask from now on need a new check.
        _due.set(None)
        look.found = nothing_adopted()
    return look.found
