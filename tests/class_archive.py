"""An archive of the classes that a Kafka node loads; it halves the CPU of each start. Java ignores one of another Java.

`python -m tests.class_archive FILE` makes it, and downloads Kafka if need be. A suite starts some fifty nodes.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.local.kafka import start_kafka
from streams.local.kafka_runtime import class_path, find_java
from streams.local.server import stop


def make_archive(file: Path) -> None:
    """Start a node once, note which classes it and the format of its storage load, and archive them in `file`."""
    jars = ":".join(str(jar) for jar in class_path(print))
    with TemporaryDirectory() as scratch:
        os.environ["JAVA_TOOL_OPTIONS"] = f"-XX:DumpLoadedClassList={scratch}/%p.classes"
        node = Path(scratch, "node")
        try:
            start_kafka(node, print)
        finally:
            stop([node])
        del os.environ["JAVA_TOOL_OPTIONS"]
        lists = [path.read_text().splitlines() for path in Path(scratch).glob("*.classes")]
        classes = Path(scratch, "classes")
        classes.write_text("\n".join(dict.fromkeys(line for lines in lists for line in lines)) + "\n")
        made = [f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={file}", "-cp", jars]
        subprocess.run([find_java(), "-Xshare:dump", *made], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    make_archive(Path(sys.argv[1]).resolve())
