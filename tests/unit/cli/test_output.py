"""What commands print, and what they import to do so."""

import ast
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from events.json_types import JSON
from streams.cli import output
from streams.cli.failures import refuse
from streams.cli.main import app
from streams.cli.output import print_lines, print_table, say
from streams.cli.permit_check import team_remark
from streams.cli.profile_tables import cell_at, cell_text, change_lines, profile_tables_of
from streams.domain.contact import profile
from streams.services.permission.near_names import campaign_remark
from tests.unit.domain.contact.said import DONOR, folded, gift
from tests.unit.domain.contact.said import said as event
from tests.unit.domain.pressure.people import person, touch

COMMANDS = sorted(Path(output.__file__).parent.glob("*.py"))
EVIL = "two\nlines \x1b]0;owned\x07\u202e"
SEEN = "two\nlines ?]0;owned??\n"


@pytest.mark.parametrize("err", [False, True])
def test_each_line_is_said_without_what_a_terminal_obeys(err: bool, capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL, err=err)
    said = capsys.readouterr()
    assert (said.out, said.err) == (("", SEEN) if err else (SEEN, ""))


def test_a_refusal_is_said_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        refuse(EVIL)
    assert capsys.readouterr().err == SEEN


def test_lines_and_refusals_hide_the_same_signs(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(["a\x1bb"])
    say("a\x1bb")
    one, other = capsys.readouterr().out.splitlines()
    assert one == other == "a?b"


def test_a_name_that_may_be_an_address_is_not_suggested() -> None:
    assert campaign_remark("jane.do@example.com", {"jane.doe@example.com"}) == (
        "jane.do@example.com is not on hold, and one that is spelled like it is: see `harmonia hold --list`"
    )
    assert team_remark("field\x1b[2", {"field\x1b[2J"}) == "--team: field\x1b[2 is in no file of teams, policy or token"


@pytest.mark.parametrize("file", COMMANDS, ids=lambda file: file.stem)
def test_commands_print_texts_with_names_in_them_by_say(file: Path) -> None:
    """`typer.echo` is for what programs read: JSON, files."""
    if file.stem == "saying":
        return
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            raw = [each for each in (node.func, *node.args) if ast.unparse(each) == "typer.echo"]
            texts = [each for each in ast.walk(node) if isinstance(each, ast.JoinedStr)]
            assert not raw or (raw == [node.func] and not texts), f"{file.name}:{node.lineno}"


ID = "6f1e0000aaaabbbbccccdddd0000ffff"
ROWS = [
    ("email", "fundraising", "2026-02-04 17:00:00", "digital", "digital/mailer", ID),
    ("door", "informational", "2026-02-03 17:00:00", "field", "field/[van]", "r1"),
]
COLUMNS = ("channel", "purpose", "at", "team", "source", "id")


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_table_fits_80_columns_and_breaks_no_time_and_loses_no_letter(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, ROWS, "touches")
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["", "touches"]
    assert max(map(len, lines)) <= 80
    assert any("2026-02-04 17:00:00" in line for line in lines)
    assert ID in "".join(line.split()[-1] for line in lines if line.strip())
    assert "field/[van]" in "".join(lines)


def test_a_table_without_rows_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [], "touches")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("width", ["20", "40", "79", "200"])
def test_a_table_loses_no_letter_at_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    print_table(COLUMNS, ROWS)
    out = capsys.readouterr().out
    assert "…" not in out
    assert sorted(out.replace(" ", "").replace("\n", "")) == sorted(
        "".join("".join(row) for row in (COLUMNS, *ROWS)).replace(" ", "")
    )


def test_what_somebody_sent_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("what",), [("a\x1b[2J\x07\u202eb\r\nc",)])
    assert capsys.readouterr().out.splitlines()[1].strip() == "a?[2J??b??c"


def read(written: object) -> dict[str, JSON]:
    """As it comes from Redis."""
    found: dict[str, JSON] = orjson.loads(orjson.dumps(written))
    return found


def test_values_of_a_profile_are_shown_by_path_in_its_order() -> None:
    found = dict(profile_tables_of(read(person(tags=["b", "a"], ballot={"2012-general": {"status": "voted"}}))).facts)
    assert found["contact_id"] == "ada"
    assert found["tags"] == "b, a"
    assert found["ballot.2012-general.status"] == "voted"
    assert found["email.subscribed"] == "true"
    assert list(found).index("contact_id") < list(found).index("email.status") < list(found).index("tags")


def test_lists_are_tables_of_all_that_their_items_say() -> None:
    known = person(touches=[touch(0), {**touch(1), "note": None}])
    [addresses, touches] = profile_tables_of(read(known)).lists
    assert (addresses.path, addresses.columns) == ("addresses", ("ref", "channel", "status"))
    assert touches.columns == ("channel", "purpose", "at", "team", "source", "id", "note")
    assert touches.rows[0] == ("email", "fundraising", "1970-01-01 00:00:00", "digital", "digital/mailer", "t0", "")


def test_parts_of_a_profile_without_a_value_are_named_only() -> None:
    found = profile_tables_of({"tags": [], "ballot": {}, "canvass": {"last_at": None, "answers": {}}, "version": 0})
    assert (found.facts, found.lists) == ([("version", "0")], [])
    assert found.unknown == ["tags", "ballot", "canvass"]


def test_every_part_of_a_profile_is_somewhere() -> None:
    whole = read(profile(DONOR, folded(gift("1", 5), event("email.opened", "2", 0, message_id="m"))))
    found = profile_tables_of(whole)
    told = {path.partition(".")[0] for path, _ in found.facts} | {part.path.partition(".")[0] for part in found.lists}
    assert told | {*found.unknown} == {*whole}
    assert not told & {*found.unknown}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("2012-02-22T10:00:00.000Z", "2012-02-22 10:00:00"),
        ("2012-02-22T10:00:00.123Z", "2012-02-22 10:00:00.123"),
        ("THE-END-OF-THE-LINE.000Z", "THE-END-OF-THE-LINE.000Z"),
        ("it's", "it's"),
        (True, "true"),
        (0, "0"),
        (4.2, "4.2"),
    ],
)
def test_values_are_written_for_people(value: JSON, cell: str) -> None:
    assert cell_text(value) == cell


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        (None, 1, ["null → 1"]),
        ("2012-02-22T10:00:00.000Z", None, ["2012-02-22 10:00:00 → null"]),
        ([], ["a", "b"], ["+ a", "+ b"]),
        (["a", "b"], ["b"], ["- a"]),
        (None, ["a"], ["+ a"]),
        ([{"id": "1", "n": 5}], [{"id": "1", "n": 6}], ["+ 1 6", "- 1 5"]),
    ],
)
def test_a_change_says_what_is_new_and_what_is_gone(was: JSON, now: JSON, told: list[str]) -> None:
    assert list(change_lines("tags", was, now)) == told


@pytest.mark.parametrize(
    ("path", "value", "cell"),
    [
        ("donations.net.USD", 959_940, "$9,599.40"),
        ("donations.net.USD", -310, "-$3.10"),
        ("donations.gross.JPY", 1_200, "JPY 1,200"),
        ("donations.by_committee.C1.elections.P2012.KWD", 1_500, "KWD 1.500"),
        ("donations.count", 4, "4"),
        ("counts.ABC", 4, "4"),
    ],
)
def test_amounts_are_money_and_counts_are_not(path: str, value: int, cell: str) -> None:
    assert cell_at(path, value) == cell
    assert list(change_lines(path, None, value)) == [f"null → {cell}"]


def test_the_amount_of_a_pledge_is_money() -> None:
    pledge: dict[str, JSON] = {"id": "p", "amount": 2_500, "currency": "EUR", "period": "monthly", "status": "active"}
    [pledges] = profile_tables_of({"donations": {"net": {"USD": 500}, "pledges": [pledge]}}).lists
    assert pledges.rows == [("p", "€25.00", "EUR", "monthly", "active")]
    assert list(change_lines("donations.pledges", [], [pledge])) == ["+ p €25.00 EUR monthly active"]


def test_without_a_terminal_only_what_takes_long_is_told_and_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with output.waiting("Counting") as say:
        say("Counting still")
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(output, "PATIENCE_S", 0.0)
    with output.waiting("Counting"):
        for timer in threading.enumerate():
            if isinstance(timer, threading.Timer):
                timer.join()
    assert capsys.readouterr().err == "Counting takes longer than 0 s; it goes on\n"


def test_a_terminal_shows_at_once_what_is_being_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with output.waiting("Reading history"):
        pass
    assert "Reading history …" in capsys.readouterr().err


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
