"""A sign of life on standard error while a command works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

PATIENCE_S = 10.0
"""After so long also somebody who looks at no terminal is told."""


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal from the first moment; what is yielded takes what is done next.

    Without a terminal a line comes after ten seconds, once: it is for whoever looks into a log.
    """
    console = Console(stderr=True, highlight=False, markup=False)
    if console.is_terminal:
        with console.status(f"{what} …") as status:
            yield lambda text: status.update(f"{text} …")
        return
    late = threading.Timer(PATIENCE_S, lambda: console.print(f"{what} takes longer than {PATIENCE_S:g} s; it goes on"))
    late.daemon = True
    late.start()
    try:
        yield lambda _: None
    finally:
        late.cancel()
