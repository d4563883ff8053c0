"""Commands that bring events in."""

from pathlib import Path
from typing import get_args

import orjson
import pytest
from typer.testing import CliRunner, Result

from events.interactions.base import NoticeWay, ProvenanceKind
from events.json_types import JSON
from events.outputs import ProvenanceItem
from events.provenance_kinds import FORGOTTEN
from events.refusal import Reason, Refusal
from streams.cli.contact import print_profile
from streams.cli.main import app
from streams.cli.origin import KINDS, NOT_SAID, naming, print_origins
from streams.cli.produce import route
from streams.platform.settings import Settings
from streams.services.console.names import ORIGINS, WAYS
from tests.unit.domain.contact.said import HOUR, NOON, profile_of, said
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


PHONE, EMAIL = "a" * 16, "b" * 16
HIRED: ProvenanceItem = {
    "kind": "rented",
    "file": "broker:17",
    "obtained_at": "2026-02-01T00:00:00.000Z",
    "first_at": "2026-02-03T10:00:00.000Z",
    "last_at": "2026-02-03T10:00:00.000Z",
    "count": 1,
    "addresses": [{"ref": PHONE, "channel": "phone"}],
    "source": "lists/broker",
    "id": "row-7",
}
TOLD: ProvenanceItem = {
    "kind": "self",
    "of_age": True,
    "age_band": "25-34",
    "notice": "art13/v2",
    "first_at": "2026-02-04T10:00:00.000Z",
    "last_at": "2026-02-05T10:00:00.000Z",
    "count": 2,
    "addresses": [{"ref": EMAIL, "channel": "email"}],
    "source": "forms/site",
    "id": "f-1",
}


def printed(capsys: pytest.CaptureFixture[str], refs: set[str], *entries: ProvenanceItem) -> str:
    print_origins(entries, refs)
    return " ".join(capsys.readouterr().out.split())


def test_of_an_address_what_names_it_comes_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = printed(capsys, {EMAIL}, HIRED, TOLD)
    address, others = shown.split("all else that is known of the person")
    assert "the person" in address
    assert "art13/v2" in address
    assert f"email:{EMAIL[:8]}…" in address
    assert "of age: yes age band: 25-34" in address
    assert "the person: 2 times, 2026-02-04 10:00:00 to 2026-02-05 10:00:00" in address
    assert "a hired list: once, 2026-02-03 10:00:00 file: broker:17 obtained: 2026-02-01 00:00:00" in others
    assert naming([HIRED, TOLD], {EMAIL}) == [TOLD]


def test_a_notice_is_told_with_how_and_when(capsys: pytest.CaptureFixture[str]) -> None:
    given: ProvenanceItem = {**TOLD, "notice_by": "letter", "notice_at": "2026-02-06T09:30:00.000Z"}
    assert "notice: art13/v2, by letter, 2026-02-06 09:30:00" in printed(capsys, set(), given)
    assert "notice: art13/v2, 2026-02-04 10:00:00" in printed(capsys, set(), TOLD)
    assert set(WAYS) == set(get_args(NoticeWay))


def test_where_nobody_has_said_anything_that_is_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, {EMAIL}) == NOT_SAID
    assert printed(capsys, set()) == NOT_SAID


def test_every_kind_has_words_here_and_on_pages() -> None:
    assert KINDS.keys() == ORIGINS.keys() == {*get_args(ProvenanceKind), FORGOTTEN}


def test_a_profile_tells_what_was_agreed_to_and_where_it_comes_from_in_lines_that_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terms: dict[str, JSON] = {"purpose": "fundraising", "controller": "party:main", "wording": "form-7/v3"}
    terms |= {"proof": "scan:0417", "basis": "consent", "provenance": {"kind": "self"}}
    yes = said("consent.changed", "c-1", channel="text", granted=True, **terms)
    no = said("email.unsubscribed", "u-1", NOON + HOUR, message_id="m", list_id="weekly")
    print_profile(orjson.loads(orjson.dumps(profile_of(yes, no))))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    ledger = lines[lines.index("consent_ledger") + 1 : lines.index("provenance") - 1]
    assert [line.split(": ")[0] for line in ledger] == [
        *("yes to text, purpose fundraising", "  to", "  wording", "  proof", "  basis", "  said by"),
        *("no to email, list weekly", "  said by"),
    ]
    assert ledger[-1].startswith("  said by: email.unsubscribed ")
    assert ledger[-1].endswith(" u-1")
    assert lines[lines.index("provenance") + 1].startswith("the person: once, ")


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
