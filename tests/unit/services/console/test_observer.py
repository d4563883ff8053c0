"""The child process that looks at Kafka and Redis ends with the console, however that ends."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

PATIENCE_S = 20.0
_CONSOLE = """
import asyncio, os, time
from streams.services.console.observer import StatusObserver

def look():
    print(os.getpid(), flush=True)
    time.sleep(600)

async def main():
    StatusObserver(look).last()
    await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_the_observing_child_ends_when_its_console_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed_console.py"
    script.write_text(_CONSOLE)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    console = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment)
    assert console.stdout is not None
    child = os.pidfd_open(int(console.stdout.readline()))
    console.kill()
    console.wait()
    ended, _, _ = select.select([child], [], [], PATIENCE_S)
    if not ended:
        signal.pidfd_send_signal(child, signal.SIGKILL)
    os.close(child)
    console.stdout.close()
    assert ended
