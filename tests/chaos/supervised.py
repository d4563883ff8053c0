"""One worker below the supervisor of `harmonia worker --processes`, run as a program: started anew when it fails."""

import asyncio
import os

from streams.processes import run_workers
from streams.settings import Settings


def say(text: str) -> None:
    """As the command does."""
    print(text, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    asyncio.run(run_workers(Settings(), 1, os.environ, say))
