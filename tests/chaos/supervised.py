"""One worker below the supervisor of `harmonia worker --processes`, run as a program: started anew when it fails.

The worker is the one of `sabotage`, which is an ordinary one where nothing is planted.
"""

import asyncio
import os
from typing import Any

from streams.platform.settings import Settings
from streams.worker.processes import run_workers
from tests.chaos.workers import COMMAND, SABOTAGED

_start = asyncio.create_subprocess_exec


async def _start_sabotaged(*command: str, **options: Any) -> asyncio.subprocess.Process:
    return await _start(*(SABOTAGED if word == COMMAND else word for word in command), **options)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - as the command does


if __name__ == "__main__":
    setattr(asyncio, "create_subprocess_exec", _start_sabotaged)  # noqa: B010 - its declared type has more options
    asyncio.run(run_workers(Settings(), 1, os.environ, _say))
