"""Commands that bring records in or repair them: what they say of a file before any server is asked."""

from io import StringIO
from pathlib import Path

import orjson
import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner, Result

from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.requeued import with_history
from streams.cli.dead_letter_options import selection_of_options
from streams.cli.dead_letter_output import group_row, letter_row, show_group, show_letter, show_whole, whole_row
from streams.cli.main import app
from streams.cli.produce import route
from streams.cli.time_options import now_ms
from streams.domain.dead_letter_repair.causes import group_by_cause
from streams.platform.settings import Settings
from tests.unit.domain.dead_letter_repair.writing import HASHER, Headers, letter, once, saying
from tests.unit.events.adapters.fixtures_actionnetwork import FIXTURES
from tests.unit.events.records import NOW

CURE = "; give each a `part` in the mapping (docs/producers.md)"
MAPPING = """
name = "mail"
[[interactions]]
type = "email.sent"
time = { column = "at" }
act = ["id"]
[interactions.contact]
email = { column = "email" }
[interactions.data]
message_id = { column = "id" }
campain_id = { column = "campaign" }
"""


def test_a_misspelled_field_of_a_mapping_is_told_and_the_mapping_is_taken(tmp_path: Path) -> None:
    mapping, rows = tmp_path / "mail.toml", tmp_path / "mail.csv"
    mapping.write_text(MAPPING)
    rows.write_text("at,id,email,campaign\n2012-02-22T10:00:00Z,1,ada@example.org,gotv-1\n")

    ended = CliRunner().invoke(app, ["import", "generic", str(rows), "--mapping", str(mapping), "--dry-run", "--json"])

    assert ended.exit_code == 0
    assert (
        "--mapping: mail.toml: interactions.0.data.campain_id: no field of email.sent; did you mean campaign_id? "
        "It is taken, and counts for nothing"
    ) in ended.stderr.splitlines()
    assert '"campain_id":"gotv-1"' in ended.stdout


def test_an_import_tells_which_currency_a_gift_without_one_counts_as(tmp_path: Path) -> None:
    mapping, rows = tmp_path / "gifts.toml", tmp_path / "gifts.csv"
    mapping.write_text(
        MAPPING.replace("email.sent", "donation.made").partition("message_id")[0]
        + 'donation_id = { column = "id", prefix = "bank:" }\namount = { column = "sum", kind = "amount" }\n'
        + 'currency = { column = "currency", default = "USD" }\n'
    )
    rows.write_text("at,id,email,sum,currency\n2012-02-22T10:00:00Z,1,ada@example.org,5.00,\n")

    ended = CliRunner().invoke(app, ["import", "generic", str(rows), "--mapping", str(mapping), "--dry-run"])

    assert ended.exit_code == 0
    [line] = [each for each in ended.stderr.splitlines() if "currency" in each]
    assert line.startswith("--mapping: gifts.toml: interactions.0.data.currency: a gift whose column currency is blank")


@pytest.mark.parametrize(
    ("times", "as_json", "code"),
    [(["1764000000"], [], 1), (["1764000000"], ["--json"], 1), (["1764000000", "2012-02-22T10:00:00Z"], [], 0)],
)
def test_a_dry_run_fails_where_every_row_is_refused(
    tmp_path: Path, times: list[str], as_json: list[str], code: int
) -> None:
    mapping, rows = tmp_path / "mail.toml", tmp_path / "mail.csv"
    mapping.write_text(MAPPING)
    rows.write_text("at,id,email,campaign\n" + "".join(f"{time},1,ada@example.org,gotv-1\n" for time in times))

    command = ["import", "generic", str(rows), "--mapping", str(mapping), "--dry-run", *as_json]
    assert CliRunner().invoke(app, command).exit_code == code


def test_a_row_that_repeats_an_id_with_other_content_is_told(tmp_path: Path) -> None:
    mapping, rows = tmp_path / "mail.toml", tmp_path / "mail.csv"
    mapping.write_text(MAPPING.replace("campain_id", "campaign_id"))
    first, other = "2012-02-22T10:00:00Z,1,ada@example.org,gotv-1\n", "2012-02-22T10:00:00Z,1,ada@example.org,gotv-2\n"
    rows.write_text(f"at,id,email,campaign\n{first}{first}{other}")

    ended = CliRunner().invoke(app, ["import", "generic", str(rows), "--mapping", str(mapping), "--dry-run"])

    assert ended.exit_code == 0
    assert [line for line in ended.stderr.splitlines() if "repeats" in line] == [
        "mail.csv: line 4 repeats the id of line 2 with other content: only the first counts"
    ]


def test_two_of_one_line_that_repeat_an_id_name_a_mapping_only_where_there_is_one(tmp_path: Path) -> None:
    """A vendor's line holds several elements, and nobody wrote a mapping."""
    mapping, rows, lines = (tmp_path / name for name in ("mail.toml", "mail.csv", "signatures.jsonl"))
    mapping.write_text(MAPPING + MAPPING.replace('name = "mail"', "").replace('"email" }', '"other" }'))
    rows.write_text("at,id,email,other,campaign\n2012-02-22T10:00:00Z,1,ada@example.org,bob@example.org,gotv-1\n")
    signature = FIXTURES["osdi:signature"].bytes
    lines.write_bytes(b"[%b,%b]" % (signature, signature.replace(b"ada@", b"bob@")))

    assert repeats("generic", str(rows), "--mapping", str(mapping)) == [
        "mail.csv: line 2 repeats the id of line 2 with other content: only the first counts" + CURE
    ]
    assert repeats("actionnetwork", str(lines)) == [
        "signatures.jsonl: line 1 repeats the id of line 1 with other content: only the first counts"
    ]


def repeats(*options: str) -> list[str]:
    told = CliRunner().invoke(app, ["import", *options, "--dry-run"]).stderr
    return [line for line in told.splitlines() if "repeats" in line]


def imported(folder: Path, *options: str, regime: str = "us") -> Result:
    body = folder / "signatures.jsonl"
    body.write_bytes(FIXTURES["osdi:signature"].bytes)
    command = ["import", "actionnetwork", str(body), "--dry-run", "--json", *options]
    return CliRunner(env={"HARMONIA_REGIME": regime}).invoke(app, command)


def test_an_import_may_say_where_contacts_come_from_that_people_left(tmp_path: Path) -> None:
    [line] = imported(tmp_path, "--provenance", "self").stdout.splitlines()

    assert orjson.loads(line)["interaction"]["data"]["provenance"] == {"kind": "self"}
    assert "provenance" not in imported(tmp_path).stdout


def test_a_source_that_is_none_is_named_with_those_that_are(tmp_path: Path) -> None:
    ended = imported(tmp_path, "--provenance", "own-site")

    assert ended.exit_code == 2
    assert ended.stderr.startswith("--provenance: one of self, voter_list")


def test_a_petition_that_names_no_source_is_refused_before_it_is_sent_where_such_files_are(tmp_path: Path) -> None:
    [line] = imported(tmp_path, regime="fr").stdout.splitlines()
    refused = orjson.loads(line)["refused"]
    [own] = imported(tmp_path, "--provenance", "self", regime="fr").stdout.splitlines()

    assert refused["reason"] == "refused_source"
    assert refused["detail"].startswith("data.provenance.kind: ")
    assert orjson.loads(own)["interaction"]["data"]["provenance"] == {"kind": "self"}


# Where `harmonia produce` sends a line, and why it would not.
def line(type_: JSON, **data: JSON) -> bytes:
    contact: JSON = {"contact_id": "c1"}
    head: dict[str, JSON] = {"specversion": "1.0", "id": "1", "source": "digital/mailer", "type": type_}
    return orjson.dumps({**head, "time": "2012-02-22T10:00:00Z", "data": {"contact": contact, **data}})


@pytest.mark.parametrize(
    ("type_", "end"),
    [
        ("email.opend", "; did you mean email.opened?"),
        ("Donation.Made", "; did you mean donation.made?"),
        ("petition.signed", "; did you mean form.submitted?"),
        ("ada@example.org", "docs/events.md lists all"),
    ],
)
def test_an_unknown_type_is_refused_with_the_known_one_that_may_be_meant(type_: str, end: str) -> None:
    refused = route(line(type_), Settings(), NOW)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNKNOWN_TYPE
    assert refused.detail.endswith(end)
    assert type_ not in refused.detail


def test_a_known_type_goes_to_its_topic() -> None:
    assert route(line("email.opened", message_id="m1"), Settings(), NOW) == ("email-events", [], False)


@pytest.mark.parametrize(("granted", "is_told"), [(True, True), (False, False)])
def test_producer_is_told_of_a_yes_whose_time_is_ahead(granted: bool, is_told: bool) -> None:
    routed = route(line("consent.changed", channel="email", granted=granted), Settings(), NOW - 60_001)
    assert not isinstance(routed, Refusal)
    assert routed[2] is is_told


# What `harmonia dead-letters` refuses before it asks any server, and what it never shows.
def test_every_mistake_in_a_mapping_is_told_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "cure.toml"
    file.write_text('[cast]\ndata.a = "integer"\n[default]\nid = "1"\n')
    ended = CliRunner().invoke(app, ["dead-letters", "requeue", "--all", "--mapping", str(file)])
    assert ended.exit_code == 2
    assert [line.split(": ")[:2] for line in ended.stderr.splitlines()] == [
        [str(file), "default.id"],
        [str(file), "cast.data.a"],
    ]


def test_a_time_may_be_a_while_ago() -> None:
    before = now_ms()
    choice = selection_of_options(since="2h", until="30m")
    assert choice.since is not None
    assert choice.until is not None
    assert 0 <= choice.since - (before - 7_200_000) < 60_000
    assert 0 <= choice.until - (before - 1_800_000) < 60_000
    assert selection_of_options(since="2012-02-22T10:00:00Z", until=None).since == NOW


def shown(width: int = 80) -> Console:
    return Console(width=width, record=True, markup=False, highlight=False, file=StringIO())


def test_neither_lists_nor_groups_show_values_and_both_fit_80_columns() -> None:
    own: Headers = [("trace", b"\xff"), ("who", b"ada@example.org")]
    one = letter(
        saying(contact={"email": "ada@example.org"}),
        headers=with_history(None, own, [once()], HASHER),
        detail="data.message_id: " + "much too long, " * 9,
    )
    out = shown()
    show_letter(out, one)
    show_group(out, group_by_cause([one])[0])
    show_whole(out, one, None, with_value=False)
    text = out.export_text()
    assert "email.opened of digital/mailer" in text
    assert "came back 1x" in text
    assert "ada" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_value_is_shown_where_it_is_asked_for_and_no_terminal_obeys_it() -> None:
    out = shown()
    show_whole(out, letter(b"\x1b[2J{", headers=[("h\x07", b"\xff")]), None, with_value=True)
    text = out.export_text()
    assert "\\x1b[2J{" in text
    assert "h\\x07: \\xff" in text


def test_a_program_gets_bytes_that_are_no_text_as_base64() -> None:
    row = whole_row(letter(b"\xff", headers=[("a", b"1"), ("b", None)]), None, with_value=True)
    assert row["value"] == {"text": "/w==", "encoding": "base64"}
    assert row["headers"] == [{"name": "a", "text": "1"}, {"name": "b", "text": None}]
    assert "value" not in whole_row(letter(b"\xff"), None, with_value=False)


def test_a_source_that_is_an_address_is_hidden_from_programs_too() -> None:
    one = letter(saying().replace(b"digital/mailer", b"ada@example.org"))
    [group] = group_by_cause([one])
    for row in (letter_row(one), group_row(group), whole_row(one, None, with_value=False)):
        assert row["source"] == "*"
        assert b"example.org" not in orjson.dumps(row)


def test_of_a_history_that_a_producer_wrote_nothing_odd_is_shown() -> None:
    told = replace(once(), at="\x1b[2J", origin="ada@example.org", reason="\r\n", run="+12125550123")
    one, out = letter(saying(), headers=with_history(None, [], [told], HASHER)), shown()
    show_whole(out, one, None, with_value=False)
    [row] = orjson.loads(orjson.dumps(whole_row(one, None, with_value=False)["history"]))
    assert (row["at"], row["origin"], row["reason"], row["run"]) == ("*", "*", "*", "*")
    text = out.export_text()
    assert not any(odd in text for odd in ("\x1b", "example.org", "2125550123"))
