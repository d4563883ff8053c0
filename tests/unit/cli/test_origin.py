"""What `harmonia contact` prints of where an address, or all that is known, comes from, and of what was agreed to."""

from typing import get_args

import orjson
import pytest

from events.interactions.base import NoticeWay, ProvenanceKind
from events.json_types import JSON
from events.outputs import ProvenanceItem
from events.provenance_kinds import FORGOTTEN
from streams.cli.contact import print_profile
from streams.cli.origin import KINDS, NOT_SAID, naming, print_origins
from streams.services.console.names import ORIGINS, WAYS
from tests.unit.domain.contact.said import HOUR, NOON, profile_of, said

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
