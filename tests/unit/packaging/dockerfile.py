"""Reads `deploy/Dockerfile`."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
Step = tuple[str, str]
"""An instruction and what follows it, on one line."""
_STEP = re.compile(r"^([A-Z]+) (.*)$", re.MULTILINE)


def stages() -> list[list[Step]]:
    """The steps of each stage."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    found: list[list[Step]] = []
    for instruction, rest in _STEP.findall(re.sub(r"\s*\\\n\s*", " ", text)):
        if instruction == "FROM":
            found.append([])
        if found:
            found[-1].append((instruction, rest))
    return found
