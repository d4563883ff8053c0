import pytest

from events.json_types import JSON
from events.refusal import Reason
from events.registry import MODELS
from tests.unit.events.records import accepted, event, refused, with_field

RIGHT: list[tuple[str, str, list[JSON]]] = [
    ("email.sent", "purpose", ["fundraising", "mobilisation", "informational", "transactional"]),
    ("email.opened", "machine", [True, False]),
    ("email.bounced", "kind", ["hard", "soft"]),
    ("email.deferred", "reason", ["", "mailbox full"]),
    ("donation.made", "amount", [1, 10**14]),
    ("donation.made", "period", ["once", "weekly", "monthly", "yearly"]),
    ("donation.made", "instalment", [0, 12]),
    ("donation.refunded", "kind", ["refund", "chargeback", "void"]),
    ("canvass.reported", "method", ["door", "phone", "text", "letter", "relational"]),
    ("canvass.reported", "support", [1, 5]),
    ("canvass.reported", "answers", [{}, {"van:1": "a", "van:2": 1, "van:3": 0.5, "van:4": True}]),
    ("canvass.reported", "tags_added", [[], ["volunteer"]]),
    ("ballot.reported", "status", ["requested", "sent", "returned", "rejected", "cured", "voted"]),
    ("form.submitted", "kind", ["petition", "signup", "volunteer"]),
    ("consent.changed", "channel", ["email", "text", "phone", "door", "letter", "all"]),
    ("consent.changed", "granted", [True, False]),
]
WRONG: list[tuple[str, str, list[JSON]]] = [
    ("email.sent", "message_id", ["", 1]),
    ("email.sent", "purpose", ["spam", "Fundraising", 1]),
    ("email.sent", "experiment", ["x12", {"id": "x12"}, {"id": "", "variant": "B"}, {"id": "x12", "variant": None}]),
    ("email.opened", "machine", ["true", 1]),
    ("email.bounced", "kind", ["medium"]),
    ("donation.made", "amount", [0, -1, 10**14 + 1, 10**18, 50.0, 0.5, "5000", True]),
    ("donation.made", "currency", ["usd", "$", "USDT", "", 840]),
    ("donation.made", "donation_id", ["1", ":1", "fec:", "", 1]),
    ("donation.made", "period", ["daily"]),
    ("donation.made", "instalment", [-1, "1"]),
    ("donation.refunded", "amount", [0, -5000]),
    ("donation.refunded", "donation_id", ["1"]),
    ("donation.refunded", "kind", ["gift"]),
    ("canvass.reported", "method", ["drone"]),
    ("canvass.reported", "outcome", ["eaten_by_dog"]),
    ("canvass.reported", "support", [0, 6, "1", 2.0, True]),
    ("canvass.reported", "answers", [[], {"van": "a"}, {"van:1": []}, {"van:1": {}}]),
    ("canvass.reported", "tags_added", ["volunteer", [1], [""], [None]]),
    ("ballot.reported", "election", [""]),
    ("ballot.reported", "status", ["lost"]),
    ("rsvp.made", "starts_at", ["tomorrow", "2012-02-22", 1]),
    ("form.submitted", "kind", ["other"]),
    ("experiment.assigned", "experiment", [{"id": "x12"}, []]),
    ("consent.changed", "channel", ["fax"]),
    ("consent.changed", "granted", ["true", 1, 0]),
    ("interaction.retracted", "retracts", ["1", {"id": "1"}, {"source": "s"}, {"source": "s", "id": ""}]),
    ("contact.linked", "contact_ids", [["a"], ["a", "b", "c"], ["a", "a"], ["a", "not an id"], "ab"]),
    ("contact.suppressed", "until", ["for ever"]),
]


@pytest.mark.parametrize(("type_", "name", "values"), RIGHT)
def test_a_value_of_the_contract_is_taken(type_: str, name: str, values: list[JSON]) -> None:
    for value in values:
        found = getattr(accepted(event(type_, **{name: value})).data, name)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(("type_", "name", "values"), WRONG)
def test_a_value_outside_the_contract_is_refused_and_its_field_named(type_: str, name: str, values: list[JSON]) -> None:
    for value in values:
        refusal = refused(event(type_, **{name: value}))
        assert refusal.reason == Reason.INVALID_DATA
        assert refusal.detail.startswith(f"data.{name}")


def test_a_purpose_that_is_absent_or_null_is_informational() -> None:
    for data in (accepted(event("email.sent")).data, accepted(event("text.sent", purpose=None)).data):
        assert getattr(data, "purpose", None) == "informational"


def test_an_answer_that_is_null_is_absent() -> None:
    data = accepted(event("canvass.reported", answers={"van:1": None, "van:2": 2})).data
    assert data.plain()["answers"] == {"van:2": 2}


def test_a_meeting_and_the_end_of_a_suppression_are_in_utc() -> None:
    at = "2012-03-01T19:00:00-05:00"
    assert accepted(event("rsvp.made", starts_at=at)).data.plain()["starts_at"] == "2012-03-02T00:00:00.000Z"
    assert accepted(event("contact.suppressed", until=at)).data.plain()["until"] == "2012-03-02T00:00:00.000Z"


@pytest.mark.parametrize("since", ["2012-02-22T10:00:00Z", "2099-01-01T00:00:00Z", "2012-02-22T12:00:00+01:00"])
def test_nobody_is_erased_for_doing_nothing_by_a_time_that_is_not_before_the_commands_own(since: str) -> None:
    """A slip of a digit, or of a sign: everybody has done nothing since then, and until then nothing would count."""
    refusal = refused(event("contact.erased_if_inactive", inactive_since=since))
    assert refusal.reason == Reason.INVALID_DATA
    assert refusal.detail == "data.inactive_since: give a time before the event's own time"


def test_a_detail_shows_no_value_and_no_name_that_a_producer_made_up() -> None:
    secret = "jane@example.org"
    for content in (
        event("donation.made", currency=secret),
        event("canvass.reported", answers={secret: "x"}),
        event("canvass.reported", answers={f"van:{secret}": [secret]}),
        event(contact={"external": {secret: 5}}),
        event(contact={"contact_id": secret}),
        event(contact={"contact_id": "c1", "time_zone": secret}),
        with_field(secret, {secret: "x" * 1025}),
        event("contact.linked", contact_ids=[secret, "b"]),
    ):
        refusal = refused(content)
        assert refusal.reason == Reason.INVALID_DATA
        assert secret not in refusal.detail
        assert len(refusal.detail) <= 200


@pytest.mark.parametrize("type_", ["email.sent", "email.opened", "text.sent"])
def test_a_purpose_in_american_spelling_is_taken_and_written_in_the_contracts(type_: str) -> None:
    said = accepted(event(type_, purpose="mobilization"))
    assert said.data.plain()["purpose"] == "mobilisation"


SCOPED = [
    ("text.opted_out", "sender"),
    ("email.unsubscribed", "list_id"),
    ("email.complained", "list_id"),
    ("consent.changed", "sender"),
    ("consent.changed", "list_id"),
]


@pytest.mark.parametrize(("type_", "field"), SCOPED)
def test_an_empty_scope_counts_as_absent_so_a_stop_closes_the_whole_channel(type_: str, field: str) -> None:
    said = {"contact": {"contact_id": "c"}, "channel": "text", "granted": False, field: ""}
    model = MODELS[type_].model_validate(said)
    assert field not in model.plain()


def test_an_empty_committee_is_none() -> None:
    gift = {"contact": {"contact_id": "c"}, "donation_id": "p:1", "amount": 1, "currency": "USD", "committee": ""}
    assert "committee" not in MODELS["donation.made"].model_validate(gift).plain()
