"""Writes the file `kafka.lock`; `make lock` runs it when the version of Kafka changes."""

import hashlib
import tempfile
from pathlib import Path

import jgo
from jgo.maven import MavenContext

from streams.local.kafka_runtime import LOCK

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Kafka logs through slf4j and ships no writer for it; the version is that of its slf4j.
LOGGER = "org.slf4j:slf4j-simple:1.7.36"


def lock() -> str:
    """The text of the lock: all jars that Kafka needs to run, sorted."""
    lines = ["# Made by `make lock` from streams/local/lock.py; each file is checked against this at every start."]
    with tempfile.TemporaryDirectory() as scratch:
        maven = MavenContext(repo_cache=Path(scratch))
        for found in sorted(jgo.resolve(f"{KAFKA}+{LOGGER}"), key=str):
            jar = maven.project(found.groupId, found.artifactId).at_version(found.version).artifact().resolve()
            coordinate = f"{found.groupId}:{found.artifactId}:{found.version}"
            lines.append(f"{coordinate} {hashlib.sha256(jar.read_bytes()).hexdigest()}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    LOCK.write_text(lock())
