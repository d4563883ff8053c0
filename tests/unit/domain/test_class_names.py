"""One class name means one thing in the whole domain, so that a reader needs no module name to know which."""

import ast
from collections import defaultdict
from pathlib import Path

import streams.domain

ROOT = Path(streams.domain.__file__).parent


def test_no_two_modules_of_the_domain_define_a_public_class_of_the_same_name() -> None:
    homes = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
