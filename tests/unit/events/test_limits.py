"""What `data` may hold: limits, JSON, and fields that no type has."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import orjson
import pytest

from events.envelope import Record, decode
from events.json_types import JSON, UNREADABLE
from events.refusal import Reason, Refusal
from events.registry import MODELS
from events.unknown_fields import MOST_TOLD, unknown_fields
from tests.unit.events.records import NOW, accepted, event, refused, with_field


def nested(levels: int) -> JSON:
    value: JSON = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def exactly(content: dict[str, JSON], too_much: dict[str, JSON]) -> str:
    """The first is taken; the second is refused, with this detail."""
    accepted(content)
    refusal = refused(too_much)
    assert refusal.reason == Reason.INVALID_DATA
    return refusal.detail


@pytest.mark.parametrize("name", ["id", "source"])
def test_the_name_of_an_interaction_has_up_to_256_characters(name: str) -> None:
    assert name in exactly(event() | {name: "é" * 256}, event() | {name: "é" * 257})


IDS = [
    (type_, name)
    for type_, model in MODELS.items()
    for name in model.model_fields
    if name.endswith("_id") and name != "donation_id"
]


@pytest.mark.parametrize(("type_", "name"), IDS)
def test_an_id_has_up_to_256_characters(type_: str, name: str) -> None:
    detail = exactly(event(type_, **{name: "i" * 256}), event(type_, **{name: "i" * 257}))
    assert detail.startswith(f"data.{name}: ")


Within = Callable[[str], JSON]
IDS_WITHIN: list[tuple[str, str, Within]] = [
    ("donation.made", "donation_id", lambda text: f"f:{text[2:]}"),
    ("email.sent", "experiment", lambda text: {"id": text, "variant": "B"}),
    ("interaction.retracted", "retracts", lambda text: {"source": text, "id": "1"}),
    ("email.sent", "contact", lambda text: {"external": {"van": text}}),
    ("email.sent", "contact", lambda text: {"voter_id": f"NY:{text[3:]}"}),
]


@pytest.mark.parametrize(("type_", "name", "within"), IDS_WITHIN)
def test_an_id_within_a_field_has_up_to_256_characters(type_: str, name: str, within: Within) -> None:
    exactly(event(type_, **{name: within("i" * 256)}), event(type_, **{name: within("i" * 257)}))


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("email.opened", "user_agent"),
        ("email.bounced", "reason"),
        ("email.opened", "team"),
        ("email.opened", "unknown"),
    ],
)
def test_a_string_has_up_to_1024_characters(type_: str, name: str) -> None:
    exactly(event(type_, **{name: "é" * 1024}), event(type_, **{name: "é" * 1025}))


def test_a_string_deep_in_unknown_fields_or_extensions_has_up_to_1024_characters() -> None:
    exactly(event(more={"a": ["s" * 1024]}), event(more={"a": ["s" * 1025]}))
    exactly(event() | {"extension": "s" * 1024}, event() | {"extension": "s" * 1025})
    exactly(with_field("n" * 1024, 1), with_field("n" * 1025, 1))


def test_an_address_of_the_web_has_up_to_8192_characters() -> None:
    assert exactly(event("email.clicked", url="u" * 8192), event("email.clicked", url="u" * 8193)).startswith(
        "data.url: "
    )
    exactly(event() | {"dataschema": "u" * 8192}, event() | {"dataschema": "u" * 8193})


def test_a_report_has_up_to_64_answers() -> None:
    answers: dict[str, JSON] = {f"van:{number}": number for number in range(64)}
    exactly(event("canvass.reported", answers=answers), event("canvass.reported", answers=answers | {"van:64": 64}))


@pytest.mark.parametrize("name", ["tags_added", "tags_removed"])
def test_a_report_has_up_to_32_tags(name: str) -> None:
    tags: list[JSON] = [str(number) for number in range(32)]
    exactly(event("canvass.reported", **{name: tags}), event("canvass.reported", **{name: [*tags, "32"]}))


def test_an_event_is_up_to_8_levels_deep() -> None:
    assert exactly(event(more=nested(6)), event(more=nested(7))).startswith("data.*: ")
    exactly(event() | {"extension": nested(7)}, event() | {"extension": nested(8)})
    assert refused(event(more=nested(200))).reason == Reason.INVALID_DATA


def test_the_levels_of_binary_mode_are_counted_as_if_it_were_structured() -> None:
    def result(levels: int) -> object:
        content = event(contact={"contact_id": "c1"}, more=nested(levels))
        headers = [(f"ce_{name}", text.encode()) for name, text in content.items() if isinstance(text, str)]
        return decode(Record("email-events", orjson.dumps(content["data"]), headers, NOW))

    assert not isinstance(result(6), Refusal)
    assert isinstance(result(7), Refusal)


def test_a_long_header_is_a_long_string() -> None:
    headers = [(f"ce_{name}", text.encode()) for name, text in event().items() if isinstance(text, str)]
    value = orjson.dumps(event()["data"])
    assert not isinstance(decode(Record("email-events", value, [*headers, ("ce_x", b"s" * 1024)], NOW)), Refusal)
    assert isinstance(decode(Record("email-events", value, [*headers, ("ce_x", b"s" * 1025)], NOW)), Refusal)


# Whoever decodes with msgspec catches all that it raises for bytes that are no JSON.
ROOT = Path(__file__).parents[3]
TOO_NARROW = {"DecodeError", "MsgspecError"}


@pytest.mark.parametrize("text", [b"", b"[", b'{"\xff":1}', b'{"a":"\xed\xa0\x80"}', b'{"\\ud800":1}', b"[" * 100_000])
def test_every_text_that_is_no_json_raises_what_is_caught(text: bytes) -> None:
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(text, type=dict[str, str] | list[object])


def narrow_handlers(file: Path) -> Iterator[str]:
    text = file.read_text()
    for node in ast.walk(ast.parse(text)) if any(name in text for name in TOO_NARROW) else ():
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught = {each.attr for each in ast.walk(node.type) if isinstance(each, ast.Attribute)}
            if caught & TOO_NARROW:
                yield f"{file.relative_to(ROOT)}:{node.lineno}"


def test_no_module_takes_errors_of_msgspec_for_all_that_bytes_can_raise() -> None:
    """msgspec raises UnicodeDecodeError for a text that is no UTF-8, which is none of its own errors."""
    files = [file for room in ("events", "sinks", "streams") for file in (ROOT / room).rglob("*.py")]
    assert [line for file in files for line in narrow_handlers(file)] == []


# Fields of `data` that no type has are found where they stand, with the field that may have been meant.
MAIL: dict[str, JSON] = {"contact": {"email": "ada@example.org"}, "message_id": "m"}


@pytest.mark.parametrize(
    ("more", "field", "near"),
    [
        ({"purpos": "fundraising"}, "data.purpos", "purpose"),
        ({"campain_id": "gotv-1"}, "data.campain_id", "campaign_id"),
        ({"campaignId": "gotv-1"}, "data.campaignId", "campaign_id"),
        ({"colour": "blue"}, "data.colour", None),
        ({"contact": {"emial": "ada@example.org"}}, "data.contact.emial", "email"),
        ({"experiment": {"id": "x", "variant": "A", "varient": "B"}}, "data.experiment.varient", "variant"),
        ({"ada@example.org": 1}, "data.*", None),
        ({"2125550199": 1}, "data.*", None),
    ],
)
def test_an_unknown_field_is_named_with_the_one_that_is_near(
    more: dict[str, JSON], field: str, near: str | None
) -> None:
    [found] = unknown_fields("email.sent", {**MAIL, **more})
    assert (found.field, found.near) == (field, near)
    assert "ada@" not in str(found)
    assert "2125550199" not in str(found)


def test_known_fields_and_those_without_a_value_are_nothing_to_speak_of() -> None:
    experiment: JSON = {"id": "x", "variant": "A"}
    assert unknown_fields("email.sent", {**MAIL, "purpose": "fundraising", "experiment": experiment, "x": None}) == []
    answers: JSON = {"van:17": "jobs", "anything": 1}
    assert unknown_fields("canvass.reported", {"method": "door", "outcome": "other", "answers": answers}) == []
    assert unknown_fields("no.type", {"x": 1}) == unknown_fields("email.sent", None) == []


def test_only_some_unknown_fields_of_one_event_are_reported() -> None:
    assert len(unknown_fields("email.sent", {f"x{'y' * number}": 1 for number in range(100)})) == MOST_TOLD


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
