"""What `harmonia import` says of a mapping, without any server."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from tests.unit.events.adapters.fixtures_actionnetwork import FIXTURES

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
