"""What a token may publish: its own team's events, and nothing that undoes what another was told."""

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.json_types import JSON
from events.registry import SPECS, topic_of
from streams.platform.tokens import ANY_TEAM, Caller, Scope
from streams.services.gateway.events_route import publish_refusal

AT_MS = 1_764_000_000_000
ADA: dict[str, JSON] = {"contact": {"email": "ada@example.org"}}
PAIR: dict[str, JSON] = {"contact_ids": ["a", "b"]}
UNTIL: dict[str, JSON] = {"until": "2025-11-24T16:00:00Z"}


def said(type_: str, data: dict[str, JSON], source: str = "digital/site") -> Interaction:
    event: JSON = {
        "specversion": "1.0",
        "id": "1",
        "source": source,
        "type": type_,
        "time": "2025-11-24T16:00:00Z",
        "data": data,
    }
    read = decode(Record(topic_of(type_), orjson.dumps(event), (), AT_MS))
    assert isinstance(read, Interaction)
    return read


def field(one: Interaction, team: str, *more: Scope) -> str | None:
    """The field that a refusal names."""
    refusal = publish_refusal(one, Caller(team, frozenset({"publish", *more})))
    return refusal.detail.partition(":")[0] if refusal else None


def test_a_token_publishes_events_of_its_own_team_alone() -> None:
    form = ADA | {"form_id": "f"}
    assert field(said("form.submitted", form), "digital") is None
    assert field(said("form.submitted", form | {"team": "digital"}), "digital") is None
    assert field(said("form.submitted", form, "finance/site"), "digital") == "source"
    assert field(said("form.submitted", form | {"team": "finance"}), "digital") == "data.team"
    assert field(said("form.submitted", form | {"team": "finance"}, "field/site"), ANY_TEAM) is None


def test_nobody_takes_back_what_another_team_was_told() -> None:
    own, other = (ADA | {"retracts": {"source": source, "id": "9"}} for source in ("digital/mail", "field/twilio"))

    assert field(said("interaction.retracted", own), "digital") is None
    assert field(said("interaction.retracted", other), "digital", "erase") == "data.retracts.source"
    assert field(said("interaction.retracted", other), ANY_TEAM) is None


COMMANDS: list[tuple[str, dict[str, JSON], str | None]] = [
    ("contact.erased", ADA, "type"),
    ("contact.provenance_forgotten", ADA | {"kind": "self"}, "type"),
    ("contact.purpose_forgotten", ADA | {"purpose": "petition-water"}, "type"),
    ("contact.erased_if_inactive", ADA | {"inactive_since": "2009-01-01T00:00:00Z"}, "type"),
    ("contact.linked", PAIR, "type"),
    ("contact.unlinked", PAIR, "type"),
    ("contact.suppressed", ADA | UNTIL, "data.until"),
    ("contact.suppressed", ADA, None),
]


def test_of_each_command_it_is_said_whether_publishing_is_enough() -> None:
    assert {type_ for type_, _, _ in COMMANDS} == {spec.name for spec in SPECS if spec.is_command}


@pytest.mark.parametrize(("type_", "data", "refused"), COMMANDS)
def test_commands_that_do_more_than_protect_want_the_scope_erase(
    type_: str, data: dict[str, JSON], refused: str | None
) -> None:
    assert field(said(type_, data), "digital") == refused
    assert field(said(type_, data), "digital", "erase") is None
    assert field(said(type_, data), ANY_TEAM) == refused
