import json
import subprocess
import sys

from streams.cli.importing import _VENDORS
from streams.history.importing.file_items import VENDORS

HEAVY = (
    "aiohttp", "aiokafka", "asyncio", "cryptography", "duckdb", "events.interactions", "fastapi", "faust", "jinja2",
    "kafka", "numpy", "obstore", "phonenumbers", "prometheus_client", "pyarrow", "pydantic_settings", "redis",
    "rocksdict", "scipy", "streams.platform.settings", "uvicorn",
)  # fmt: skip
"""What a command may need to work, and nobody to read how it is called. Typer itself stands on pydantic."""
MOST_MODULES = 550

ASK_FOR_ALL_HELP = """
import contextlib, io, json, sys
from streams.cli.main import app
from typer.main import get_command

def ways(command, words):
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from ways(inner, (*words, name))

root, heavy, found = get_command(app), set(sys.argv[1:]), {}
for words in ways(root, ()):
    before = heavy & set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()) as told:
        root.main([*words, "--help"], prog_name="harmonia", standalone_mode=False)
    assert "Usage: " + " ".join(("harmonia", *words)) in " ".join(told.getvalue().split()), told.getvalue()
    found[" ".join(words)] = sorted((heavy & set(sys.modules)) - before if words else heavy & set(sys.modules))
print(json.dumps({"imported": found, "modules": len(sys.modules)}))
"""


def test_the_help_of_all_commands_imports_no_heavy_library_and_few_modules() -> None:
    done = subprocess.run([sys.executable, "-c", ASK_FOR_ALL_HELP, *HEAVY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert {words: modules for words, modules in told["imported"].items() if modules} == {}
    assert {"", "permit", "contact show", "experiments show", "lake import"} <= told["imported"].keys()
    assert told["modules"] < MOST_MODULES


def test_the_help_of_import_names_every_vendor() -> None:
    assert _VENDORS == VENDORS
