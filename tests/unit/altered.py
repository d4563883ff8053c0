"""A module with other text in its place, for programs that are to find one entry more in a registry."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def altered(name: str, instead: Mapping[str, str], **known: object) -> ModuleType:
    """Put a module into place before anybody has imported it, with these texts, each of which it has once, replaced.

    `known`: what the new text speaks of and the module does not import.
    """
    path = ROOT / f"{name.replace('.', '/')}.py"
    text = path.read_text()
    for old, new in instead.items():
        if text.count(old) != 1 or name in sys.modules:
            raise ValueError(f"{name} is imported already, or has not once: {old}")
        text = text.replace(old, new)
    module = ModuleType(name)
    module.__dict__.update(known)
    sys.modules[name] = module
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module
