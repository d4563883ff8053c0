"""The bill of materials names all that is installed."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.packaging.test_locks import RUNTIME, pins


def test_every_locked_library_is_in_the_bill_with_its_version_and_hashes(tmp_path: Path) -> None:
    makefile = (RUNTIME.parent / "Makefile").read_text()
    [command] = [line.split() for line in makefile.splitlines() if "/cyclonedx-py " in line]
    words = [word if word != "dist/sbom.json" else str(tmp_path / "sbom.json") for word in command[1:]]
    subprocess.run([sys.executable, "-m", "cyclonedx_py", *words], cwd=RUNTIME.parent, check=True, capture_output=True)

    bill = json.loads((tmp_path / "sbom.json").read_bytes())

    named = {one["name"]: (one["version"], len(one["externalReferences"][0]["hashes"])) for one in bill["components"]}
    locked = {name: (pin.split()[0], pin.count("--hash=")) for name, pin in pins(RUNTIME).items()}
    assert named == locked
    assert bill["metadata"]["component"]["name"] == "harmonia"
