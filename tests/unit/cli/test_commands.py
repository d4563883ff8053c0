"""Every command: what it imports, its help, and what it refuses before it asks a server."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from events.regimes import RegimeName
from streams.cli.demo import _how_to_reach
from streams.cli.main import app
from streams.cli.permit import unfinished_message
from streams.demo.report import DemoReport, DonorTotals, ExperimentLine, Figures, Latency
from streams.demo.run import DemoResult

ROOT = Path(__file__).parents[3]
PACKAGES = ("events", "sinks", "streams")

WATCH_IMPORTS = """
import collections.abc, importlib, json, os, pkgutil, socket, sys
from pathlib import Path

ROOT = Path(sys.argv[1])
OURS = tuple(str(ROOT / name) + os.sep for name in sys.argv[2:])
reads, connections = [], []

def ours(directly):
    frame = sys._getframe(2)
    while frame is not None and "importlib" not in frame.f_code.co_filename:
        name = frame.f_code.co_filename
        if name.startswith(OURS):
            return f"{name}:{frame.f_lineno}"
        if directly and frame.f_globals["__name__"] not in ("os", "_collections_abc", "collections.abc", "__main__"):
            return None  # a library reads for itself
        frame = frame.f_back
    return None

class Watched(collections.abc.MutableMapping):
    def __init__(self, real):
        self.real = real
    def __getitem__(self, key):
        if (where := ours(directly=True)) is not None:
            reads.append(f"{key} at {where}")
        return self.real[key]
    def __setitem__(self, key, value):
        self.real[key] = value
    def __delitem__(self, key):
        del self.real[key]
    def __iter__(self):
        if (where := ours(directly=False)) is not None:
            reads.append(f"all at {where}")
        return iter(self.real)
    def __len__(self):
        return len(self.real)
    def copy(self):
        return dict(self)

def listen(event, _):
    if event in ("socket.connect", "socket.getaddrinfo"):
        connections.append(event)
    elif event in ("socket.bind", "subprocess.Popen") and ours(directly=False) is not None:
        connections.append(event)

os.environ = Watched(os.environ)
sys.addaudithook(listen)
sys.path.insert(0, str(ROOT))
modules = []
for name in sys.argv[2:]:
    modules += [each.name for each in pkgutil.walk_packages([str(ROOT / name)], name + ".")]
for name in modules:
    importlib.import_module(name)
print(json.dumps({"modules": len(modules), "reads": reads, "connections": connections}))
"""


def watch_imports(root: Path, *packages: str) -> str:
    """What happens when every module of these packages is imported, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-c", WATCH_IMPORTS, str(root), *packages], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_importing_any_module_connects_nowhere_and_reads_no_environment() -> None:
    told = watch_imports(ROOT, *PACKAGES)

    assert '"reads": [], "connections": []' in told
    assert '"modules": 0' not in told


def test_an_import_that_does_is_noticed(tmp_path: Path) -> None:
    package = tmp_path / "curious"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "reads.py").write_text("import os\nhome = os.environ.get('HOME')\nuser = os.getenv('USER')\n")
    (package / "settles.py").write_text(
        "from pydantic_settings import BaseSettings\nclass Settings(BaseSettings):\n    home: str\nSettings()\n"
    )
    (package / "listens.py").write_text("import socket\nsocket.socket(socket.AF_INET).bind(('127.0.0.1', 0))\n")
    (package / "looks.py").write_text("import socket\nsocket.getaddrinfo('127.0.0.1', 80)\n")

    told = watch_imports(tmp_path, "curious")

    assert "HOME at" in told
    assert "USER at" in told
    assert "all at" in told
    assert '"connections": ["socket.bind", "socket.getaddrinfo"]' in told


WIDTH = 80


def ways(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from ways(inner, (*words, name))


ALL = dict(ways(get_command(app)))


def asked(*words: str) -> Result:
    return CliRunner().invoke(app, words, prog_name="harmonia", env={"COLUMNS": str(WIDTH)})


def names_in(command: Any) -> Iterator[str]:
    """What must be readable in one piece: options that are shown, choices, and what stands for a value."""
    for parameter in [each for each in command.params if not getattr(each, "hidden", False)]:
        yield from (option for option in parameter.opts if option.startswith("-"))
        yield from map(str, parameter.type_descriptor.choices or ())
        yield from (parameter.metavar or "").replace("|", " ").strip("[]<>").split()


@pytest.mark.parametrize("words", ALL, ids=lambda words: " ".join(words) or "(root)")
def test_help_names_no_python_type_and_breaks_no_name_at_80_columns(words: tuple[str, ...]) -> None:
    ended = asked(*words, "-h")

    assert ended.exit_code == 0
    assert " ".join(("Usage: harmonia", *words)) in " ".join(ended.output.split())
    assert "bool" not in ended.output
    assert not re.search(r"<(File|Path|file|dir|path|list|str|int|float)\w*\W", ended.output)
    assert max(map(len, ended.output.splitlines())) <= WIDTH
    assert [name for name in names_in(ALL[words]) if name not in ended.output] == []


def test_both_ways_to_ask_for_help_show_the_same() -> None:
    assert asked("permit", "-h").output == asked("permit", "--help").output


def test_the_version_is_told() -> None:
    assert asked("--version").output == f"harmonia {version('harmonia')}\n"


# Whoever gives an option a wrong value, or lacks a setting, reads what would be right before any server is asked.
NOWHERE = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:1/0"}
OF_A_LIBRARY = ("Value error", "Input should", "Traceback")
SECRET = "SECRET"


class Refusal(NamedTuple):
    code: int
    call: str
    said: str


def refusals() -> list[Refusal]:
    lines = Path(__file__).with_name("refusals.txt").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [Refusal(int(code), call, said) for code, call, said in rows]


@pytest.mark.parametrize("one", refusals(), ids=lambda one: one.call)
def test_refused_command_names_the_cure_repeats_no_secret_and_asks_no_server(
    one: Refusal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call, _, given = one.call.replace("{tmp}", str(tmp_path)).replace("{long}", "x" * 257).partition(" < ")
    words, environment = shlex.split(call), NOWHERE | {"HARMONIA_HOME": str(tmp_path / "home")}
    while "=" in words[0]:
        name, _, environment[name] = words.pop(0).partition("=")
    ended = CliRunner().invoke(app, words, env=environment, input=given.strip('"').encode().decode("unicode_escape"))
    said = " ".join(ended.stderr.replace("│", " ").split())
    assert (ended.exit_code, ended.stdout) == (one.code, ""), said
    assert one.said.replace("{tmp}", str(tmp_path)) in said
    assert [word for word in (*OF_A_LIBRARY, SECRET) if word in said] == []
    assert "Tried 127.0.0.1:1" not in said
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("allowed", "counts"), [(1, "1 row had"), (2_000, "2,000 rows had")])
def test_list_that_was_not_judged_to_its_end_says_how_much_was_written(allowed: int, counts: str) -> None:
    said = unfinished_message("Redis was emptied.", allowed, 3_000)
    assert said.startswith(f"Redis was emptied. {counts} been written as allowed, of 3,000 judged: throw away")


# `harmonia worker`, before it works.
UNKNOWN = "HARMONIA_PARTITION is no setting and is ignored: did you mean HARMONIA_PARTITIONS?\n"


@pytest.mark.parametrize(("words", "said"), [([], UNKNOWN), (["--processes", "2"], UNKNOWN), (["--child"], "")])
def test_a_variable_that_is_no_setting_is_named_by_the_parent_and_not_by_each_child(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARMONIA_PARTITION", "3")
    monkeypatch.setenv("HARMONIA_POLICY", "absent.toml")  # which ends it before it looks for a broker

    ended = CliRunner().invoke(app, ["worker", *words])

    assert ended.exit_code == 1
    first, _, _ = ended.stderr.rpartition("HARMONIA_POLICY")
    assert first == said


# What `demo --keep` says at its end: how to reach what it has left, and what to try there.
DONOR = DonorTotals("external:0123456789abcdef0123456789abcdef", "US-CA", 4, {"USD": 959_940}, None)
FIGURES = Figures(9, 9, 0, {}, 3, {"USD": 959_940}, 9, 1.0, 9.0, Latency(1.0, 2.0), [DONOR])
STORY = DemoReport(FIGURES, [], [], [ExperimentLine("subject-ask-12", 765, "")], 3)


def said(story: DemoReport, regime: RegimeName = "us") -> list[str]:
    environment = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:2/0"}
    workers = SimpleNamespace(addresses_now=lambda: ["http://127.0.0.1:3/metrics"], process=SimpleNamespace(pid=7))
    stack, log = SimpleNamespace(environment=environment), Path("/home/demo/worker.log")
    ended = DemoResult(story, cast(Any, stack), cast(Any, workers), log, regime)
    return "\n".join(_how_to_reach(ended, "harmonia")).splitlines()


def test_what_is_to_be_tried_after_the_french_story_is_of_it_and_under_its_regime() -> None:
    shown = said(replace(STORY, tried=[]), "fr")
    assert any(line.startswith("  export ") and line.endswith(" HARMONIA_REGIME=fr") for line in shown)
    tried = [line.split()[1:3] for line in shown if line.startswith("  harmonia")]
    assert ["retention", "report"] in tried
    assert ["contact", "origin"] in tried
    assert "experiments" not in [words[0] for words in tried]
