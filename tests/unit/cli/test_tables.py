"""What commands print: tables of all that is known, which fit the terminal, and nothing that moves a cursor."""

import ast
import threading
from pathlib import Path

import orjson
import pytest
import typer

from events.json_types import JSON
from streams.cli import output
from streams.cli.failures import refuse
from streams.cli.output import print_lines, print_table, say
from streams.cli.permit_check import team_remark
from streams.cli.profile_tables import cell_at, cell_text, change_lines, profile_tables_of
from streams.cli.whole_words import table_lines, whole_seconds
from streams.domain.contact import profile
from streams.services.permission.near_names import campaign_remark
from tests.unit.domain.contact.said import DONOR, folded, gift
from tests.unit.domain.contact.said import said as event
from tests.unit.domain.pressure.people import person, touch


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


# Tables of times, places and names fit the terminal, and break none of them.
TOUCH_COLUMNS = "at", "fate", "status", "attempt", "record", "trouble"
TOUCHES = [
    ("2026-11-29T06:03:12Z", "waiting", "", "3", "contact-suppressions/1@1234567", "ClientConnectorCertificateError"),
    ("2026-11-29T06:04:12Z", "delivered", "204", "4", "segment-changes/0@12", ""),
]


@pytest.mark.parametrize("room", [30, 60, 80, 200])
def test_no_word_is_broken_and_none_is_lost(room: int) -> None:
    lines = [*table_lines(TOUCH_COLUMNS, TOUCHES, (2, 3), room)]
    words = " ".join(lines).replace(":  ", " ").split()
    assert {cell for row in TOUCHES for cell in row if cell} <= {*words}
    if room >= 60:
        assert max(map(len, lines)) <= room


def test_a_time_is_in_whole_seconds() -> None:
    assert whole_seconds(1_329_904_800_999) == "2012-02-22T10:00:00Z"


# What a command says moves no cursor and rings no bell, whoever chose the names in it.
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


# Tables fit the terminal, and lose nothing of what is in them.
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
