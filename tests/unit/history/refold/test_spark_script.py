"""deploy/spark/fold.py needs Spark to run; here only what it imports from Harmonia and the columns it declares."""

import ast
from importlib import import_module
from pathlib import Path

from streams.history.refold.arrow import FOLDED_SCHEMA

SCRIPT = Path(__file__).parents[4] / "deploy" / "spark" / "fold.py"
SPARK_NAMES = {"string": "string", "int64": "long", "binary": "binary"}


def test_the_spark_script_imports_only_what_exists() -> None:
    imports = [node for node in ast.walk(ast.parse(SCRIPT.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").split(".")[0] in ("events", "sinks", "streams")]

    assert len(ours) >= 3
    for node in ours:
        for name in node.names:
            assert hasattr(import_module(node.module or ""), name.name)


def test_the_spark_script_declares_the_columns_it_returns() -> None:
    said = ", ".join(f"{field.name} {SPARK_NAMES[str(field.type)]}" for field in FOLDED_SCHEMA)

    assert f'FOLDED = "{said}"' in SCRIPT.read_text()
