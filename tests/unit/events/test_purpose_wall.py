"""The wall of purposes."""

from collections.abc import Set
from copy import deepcopy
from typing import get_args

import orjson
import pytest
from msgspec.structs import replace

from events.dead_letters import RECORD_TIME
from events.descent_fields import tells_descent
from events.envelope import Interaction, Record, decode, encode_structured
from events.fast_intake import harmonise_fast
from events.harmonised import IntakeResult, take_in
from events.identifiers import Hasher
from events.interactions.base import ProvenanceKind, SourcedData
from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.json_types import JSON
from events.pre_send_check import judge_before_sending
from events.purpose_wall import OPEN, Wall, again_through_the_wall, passes_by_a_look, through_the_wall
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from events.registry import MESSAGES, MODELS, SPECS, topic_of
from events.times import render_time
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, REQUIRED, event, record

KINDS: Set[ProvenanceKind] = {"petition", "staff", "civic_register"}
WALL = Wall(KINDS)
HASHER = Hasher([b"a key"])
SAID = ("provenance", "kind", "lieu_de_naissance", "remark")
SOURCED = [type_ for type_, model in MODELS.items() if issubclass(model, SourcedData)]


def from_kind(type_: str, kind: str, **more: JSON) -> Record:
    said: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **REQUIRED[type_], "provenance": {"kind": kind}, **more}
    return Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": said}), (), NOW)


def taken_of(told: Record, wall: Wall = WALL) -> IntakeResult | Refusal:
    return judge(Fetched(0, told.value, timestamp=NOW, topic=told.topic), HASHER, Remarks.none(), wall)


def read(type_: str, kind: str) -> Interaction:
    found = decode(from_kind(type_, kind))
    assert isinstance(found, Interaction), found
    return found


NOES: list[tuple[str, dict[str, JSON]]] = [
    ("consent.changed", {"channel": "email", "granted": False}),
    ("consent.changed", {"channel": "all", "granted": False, "purpose": "fundraising"}),
    ("consent.changed", {"channel": "email", "granted": False, "list_id": "main"}),
    *[("canvass.reported", dict[str, JSON](method="phone", outcome=each)) for each in sorted(REFUSALS | UNREACHABLE)],
]


@pytest.mark.parametrize("type_", SOURCED)
@pytest.mark.parametrize("kind", get_args(ProvenanceKind))
def test_what_may_say_where_it_comes_from_is_refused_by_just_these_kinds(type_: str, kind: ProvenanceKind) -> None:
    said = read(type_, kind)
    assert isinstance(through_the_wall(said, WALL), Refusal) == (kind in KINDS)
    assert through_the_wall(said, OPEN) == said


@pytest.mark.parametrize(("type_", "said"), NOES)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_no_passes_whatever_its_source_wherever_it_comes_in(type_: str, said: dict[str, JSON], kind: str) -> None:
    told = from_kind(type_, kind, **said, opinion="left")
    taken = taken_of(told)
    assert not isinstance(taken, Refusal)
    data = orjson.loads(taken[1])["data"]
    assert said.items() <= data.items()
    assert "opinion" not in data
    assert isinstance(judge_before_sending(told, "US", WALL), Interaction)


ODD: tuple[JSON, ...] = ("petition", ["petition"], {"kind": "petition"}, {"kind": ["petition"]}, {"kind": "self"})


@pytest.mark.parametrize("wall", [WALL, Wall(KINDS, takes_descent=False)])
@pytest.mark.parametrize("type_", sorted(MODELS))
def test_what_a_look_lets_through_is_what_is_taken_as_it_is(type_: str, wall: Wall) -> None:
    """A look at the JSON may send on to a judgement what would pass, and lets nothing pass that would not."""
    plain: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **REQUIRED[type_]}
    more: list[dict[str, JSON]] = [
        {},
        {"of": {"birth": {"place": "x"}}},
        *({name: odd} for name in SAID for odd in ODD),
    ]
    for said in more:
        data: dict[str, JSON] = {**plain, **said}
        found = decode(Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": data}), (), NOW))
        if isinstance(found, Interaction) and passes_by_a_look(data, wall):
            assert again_through_the_wall(found, wall) is found, said
    assert passes_by_a_look(plain, wall) or type_ == "provenance.reported"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_word_that_somebody_is_too_young_passes_with_its_source_and_nothing_else(kind: str) -> None:
    young: dict[str, JSON] = {"kind": kind, "of_age": False}
    told = from_kind("provenance.reported", kind, provenance={**young, "sex": "f"}, opinion="left")
    taken = taken_of(told)
    assert not isinstance(taken, Refusal)
    data = orjson.loads(taken[1])["data"]
    assert data["provenance"] == young
    assert "opinion" not in data
    grown = from_kind("provenance.reported", kind, provenance={"kind": kind, "of_age": True})
    assert isinstance(judge_before_sending(grown, "US", WALL), Refusal)


@pytest.mark.parametrize(
    ("kind", "provenance", "wall", "refused"),
    [
        ("petition", {}, WALL, True),
        ("petition", {"provenance": {"kind": "petition"}}, WALL, True),
        ("petition", {"provenance": {"kind": "self"}}, WALL, False),
        ("petition", {}, Wall({"staff", "civic_register"}), False),
        ("signup", {}, WALL, False),
        ("volunteer", {}, WALL, False),
    ],
)
def test_a_petition_that_says_nothing_of_its_source_is_one_of_a_petition(
    kind: str, provenance: dict[str, JSON], wall: Wall, refused: bool
) -> None:
    """As importers of before send it; one's own site names the person as the source."""
    data: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **REQUIRED["form.submitted"], "kind": kind, **provenance}
    value = orjson.dumps(event() | {"type": "form.submitted", "data": data})
    told = Record(topic_of("form.submitted"), value, (), NOW)
    taken = taken_of(told, wall)
    assert isinstance(taken, Refusal) is isinstance(judge_before_sending(told, "US", wall), Refusal) is refused
    if isinstance(taken, Refusal):
        assert taken.reason is Reason.REFUSED_SOURCE
        assert taken.detail.startswith("data.provenance.kind: ")


def test_of_who_wants_no_contact_nothing_else_is_taken() -> None:
    more: dict[str, JSON] = {"support": 1, "answers": {"van:1": "jobs"}, "tags_added": ["yard-sign"], "opinion": "left"}
    told = from_kind("canvass.reported", "petition", method="door", outcome="do_not_contact", **more)
    taken = taken_of(told)
    assert not isinstance(taken, Refusal)
    assert orjson.loads(taken[1])["data"].keys() == {"contact", "method", "outcome", "provenance", "team"}


def test_a_source_is_known_however_its_name_is_written() -> None:
    told = from_kind("donation.made", "petition")
    assert told.value is not None
    escaped = told.value.replace(b'"provenance"', b'"\\u0070rovenance"').replace(b"petition", b"\\u0070etition")
    found = taken_of(replace(told, value=escaped))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.REFUSED_SOURCE


def test_the_refusal_names_the_field_and_the_cure() -> None:
    refusal = through_the_wall(read("form.submitted", "petition"), WALL)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.REFUSED_SOURCE
    assert refusal.detail.startswith("data.provenance.kind: ")
    assert "HARMONIA_REFUSED_SOURCES" in refusal.detail


@pytest.mark.parametrize("type_", sorted(MESSAGES))
def test_a_message_says_nothing_of_its_source_so_it_is_taken(type_: str) -> None:
    found = decode(from_kind(type_, "staff"))
    assert isinstance(found, Interaction)
    assert through_the_wall(found, WALL) is found


def test_under_european_regimes_petitions_are_behind_the_wall_too() -> None:
    walls = {name: Settings(_env_file=None, regime=name).refused_kinds for name in REGIMES}
    assert walls == {"us": {"civic_register", "staff"}, "fr": KINDS, "eu": KINDS}
    assert Settings(_env_file=None, regime="fr", refused_sources="rented").refused_kinds == {"rented"}
    assert Settings(_env_file=None, regime="fr", refused_sources="").refused_kinds == set()


def test_what_is_taken_of_a_no_leaves_the_no_itself_as_it_was() -> None:
    said = decode(from_kind("consent.changed", "staff", granted=False, opinion="left"))
    assert isinstance(said, Interaction)
    through_the_wall(said, WALL)
    assert said.data.model_extra == {"opinion": "left"}


NO_DESCENT = Wall(takes_descent=False)
TELLING = """birthPlace place_of_birth BIRTH-COUNTRY lieu_de_naissance commune_naissance ville_naiss lieunaiss
dept_naissance DépNaissance country_of_origin pays_d'origine paysOrigine consonance consonance_du_nom name_origin
originOfName surname-sound ethnicity origine_nom origin_last_name nameSound sounds_of_names""".split()
OTHERS = """birthday name nom origin country city nominee economie_origine naissances sound origin_name utm_origin_name
nameOfOrigin origin_country connaissance_ville ville_renaissance""".split()


def with_descent(type_: str, where: str = "data", /, field: str = "lieu_de_naissance", **more: JSON) -> Record:
    data: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **deepcopy(REQUIRED[type_]), **more}
    inner = data if where == "data" else data.setdefault(where, {"kind": "voter_list"})
    assert isinstance(inner, dict)
    inner[field] = "Oran"
    return Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": data}), (), NOW)


def taken(said: Record, wall: Wall = NO_DESCENT) -> dict[str, JSON] | Refusal:
    found = judge(Fetched(0, said.value, timestamp=NOW, topic=said.topic), HASHER, Remarks.none(), wall)
    if isinstance(found, Refusal):
        return found
    data: dict[str, JSON] = orjson.loads(found[1])["data"]
    return data


def test_what_tells_descent_is_known_however_it_is_written_and_other_names_are_not() -> None:
    assert [name for name in (*TELLING, "pays de naissance") if not tells_descent(name)] == []
    assert [name for name in OTHERS if tells_descent(name)] == []


@pytest.mark.parametrize("where", ["data", "provenance"])
def test_the_refusal_of_descent_names_the_field_and_the_cure(where: str) -> None:
    found = taken(with_descent("provenance.reported", where))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_DATA
    path = "data" if where == "data" else f"data.{where}"
    assert found.detail.startswith(f"{path}.lieu_de_naissance: where somebody was born")
    assert "leave the field out" in found.detail
    before = judge_before_sending(with_descent("provenance.reported", where), "US", NO_DESCENT)
    assert before == found


NESTED: list[tuple[JSON, JSON, str]] = [
    ({"ville_naiss": "Oran", "age": 3}, {"age": 3}, "person.ville_naiss"),
    ({"birth": {"place": "Oran", "day": 1}}, {"birth": {"day": 1}}, "person.birth.place"),
    ([{"name": {"origin": "x"}}, 1], [{"name": {}}, 1], "person.name.origin"),
]


@pytest.mark.parametrize(("said", "left", "path"), NESTED)
def test_within_a_field_that_is_not_known_it_is_found_too(said: JSON, left: JSON, path: str) -> None:
    refused = taken(with_descent("donation.made", field="plan", person=said))
    assert isinstance(refused, Refusal)
    assert refused.detail.startswith(f"data.{path}: where somebody was born")
    bounced = taken(with_descent("email.bounced", field="plan", person=said))
    assert not isinstance(bounced, Refusal)
    assert bounced["person"] == left


def test_a_name_that_may_be_an_address_is_not_repeated() -> None:
    found = taken(with_descent("form.submitted", field="birthplace of ada@example.org"))
    assert isinstance(found, Refusal)
    assert found.detail.startswith("data.*: ")


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_only_what_may_say_its_source_is_refused_all_else_is_taken_without_the_field(type_: str) -> None:
    """A bounce, a refund, a reply: what they say of an address or of money holds, whatever else stands there."""
    said = with_descent(type_, granted=False) if type_ == "consent.changed" else with_descent(type_)
    found = taken(said)
    assert not isinstance(taken(said, OPEN), Refusal)
    passes = type_ == "consent.changed" or not issubclass(MODELS[type_], SourcedData)
    assert isinstance(found, Refusal) != passes
    if not isinstance(found, Refusal):
        assert "lieu_de_naissance" not in found


def test_of_a_no_the_field_is_taken_out_wherever_it_stands() -> None:
    said = with_descent("consent.changed", "provenance", granted=False)
    found = taken(said)
    assert not isinstance(found, Refusal)
    assert found["provenance"] == {"kind": "voter_list"}
    read = decode(said)
    assert isinstance(read, Interaction)
    through_the_wall(read, NO_DESCENT)
    assert b"lieu_de_naissance" in encode_structured(read)


def test_of_who_is_too_young_just_that_is_taken() -> None:
    told: dict[str, JSON] = {"kind": "voter_list", "of_age": False, "file": "roll:1", "age_band": "16-17"}
    found = taken(with_descent("provenance.reported", "provenance", provenance=told))
    assert not isinstance(found, Refusal)
    assert found == {
        "contact": {"contact_id": "c1"},
        "provenance": {"kind": "voter_list", "of_age": False},
        "team": "digital",
    }
    assert isinstance(
        taken(with_descent("provenance.reported", "provenance", provenance={**told, "of_age": True})),
        Refusal,
    )


def test_european_regimes_refuse_it_and_others_take_it_as_ever() -> None:
    walls = {name: Settings(_env_file=None, regime=name).wall.takes_descent for name in REGIMES}
    assert walls == {"us": True, "fr": False, "eu": False}


def test_a_yes_with_such_a_field_is_refused_and_one_without_is_not() -> None:
    assert isinstance(taken(with_descent("consent.changed", granted=True)), Refusal)
    assert not isinstance(taken(with_descent("consent.changed", field="remark", granted=True)), Refusal)


AHEAD = NOW + 55 * 60_000
OF_AGE: JSON = {"kind": "self", "of_age": True}

OPENING: dict[str, tuple[str, dict[str, JSON]]] = {
    "a yes to a channel": ("consent.changed", {"channel": "email", "granted": True}),
    "a yes to a list": ("consent.changed", {"channel": "email", "granted": True, "list_id": "l"}),
    "a word that somebody is of age": ("provenance.reported", {"provenance": OF_AGE}),
    "a report that says so": ("canvass.reported", {"method": "door", "outcome": "refused", "provenance": OF_AGE}),
    "a gift": ("donation.made", {"donation_id": "fec:1", "amount": 5000, "currency": "USD"}),
    "a form": ("form.submitted", {"form_id": "f1"}),
    "a suppression that ends": ("contact.suppressed", {"until": render_time(AHEAD + 1)}),
    "a lifted suppression": ("contact.suppressed", {"until": render_time(AHEAD)}),
    "a link": ("contact.linked", {"contact_ids": ["a", "b"]}),
    "an unlink": ("contact.unlinked", {"contact_ids": ["a", "b"]}),
}
CLOSING: dict[str, tuple[str, dict[str, JSON]]] = {
    "a no": ("consent.changed", {"channel": "email", "granted": False}),
    "an unsubscription": ("email.unsubscribed", {}),
    "a STOP": ("text.opted_out", {}),
    "a word that somebody is too young": ("provenance.reported", {"provenance": {"kind": "self", "of_age": False}}),
    "a suppression": ("contact.suppressed", {}),
    "an open": ("email.opened", {"message_id": "m1"}),
}


def taken_ahead(
    type_: str, data: dict[str, JSON], *, headers: tuple[tuple[str, bytes | None], ...] = ()
) -> dict[str, JSON]:
    """The record of `interactions` that intake writes for an event whose time is ahead."""
    sent = record(event(type_, **data) | {"time": render_time(AHEAD)})
    sent = Record(sent.topic, sent.value, headers, sent.appended_at)
    read = decode(sent)
    assert isinstance(read, Interaction)
    slow = take_in(read, HASHER)
    assert harmonise_fast(sent, HASHER) in (None, slow)
    found: dict[str, JSON] = orjson.loads(slow[1])
    return found


def data_of(written: dict[str, JSON]) -> dict[str, JSON]:
    data = written["data"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("word", OPENING)
def test_word_that_opens_is_dated_by_its_record_and_keeps_what_was_sent(word: str) -> None:
    written = taken_ahead(*OPENING[word])
    assert written["time"] == render_time(NOW)
    assert data_of(written)["time_sent"] == render_time(AHEAD)


@pytest.mark.parametrize("word", CLOSING)
def test_word_that_closes_keeps_its_time(word: str) -> None:
    written = taken_ahead(*CLOSING[word])
    assert written["time"] == render_time(AHEAD)
    assert "time_sent" not in data_of(written)


def test_lifted_suppression_still_ends_as_it_begins() -> None:
    written = taken_ahead(*OPENING["a lifted suppression"])
    assert data_of(written)["until"] == written["time"]


def test_suppression_that_ends_before_it_begins_is_not_dated_and_so_counts_for_nothing() -> None:
    written = taken_ahead("contact.suppressed", {"until": render_time(AHEAD - 1)})
    assert written["time"] == render_time(AHEAD)
    assert "time_sent" not in data_of(written)


def test_word_that_is_dated_twice_keeps_the_time_that_its_producer_sent() -> None:
    sent = record(event("form.submitted", form_id="f1") | {"time": render_time(AHEAD)})
    once = decode(Record(sent.topic, sent.value, (), NOW + 1))
    assert isinstance(once, Interaction)
    again = decode(Record(sent.topic, encode_structured(once), (), NOW))
    assert isinstance(again, Interaction)
    assert data_of(orjson.loads(take_in(again, HASHER)[1]))["time_sent"] == render_time(AHEAD)


@pytest.mark.parametrize("earlier", [1, 3_600_000])
def test_requeued_word_is_dated_by_the_record_that_was_refused(earlier: int) -> None:
    refused = render_time(NOW - earlier)
    assert taken_ahead(*OPENING["a yes to a channel"], headers=((RECORD_TIME, refused.encode()),))["time"] == refused


@pytest.mark.parametrize("header", [render_time(AHEAD).encode(), b"tomorrow", b"\xff", b"", None])
def test_forged_header_makes_no_word_later_than_its_record(header: bytes | None) -> None:
    assert taken_ahead(*OPENING["a yes to a channel"], headers=((RECORD_TIME, header),))["time"] == render_time(NOW)


def test_word_in_time_is_written_as_it_was_sent() -> None:
    sent = record(event("consent.changed", channel="email", granted=True) | {"time": render_time(NOW)})
    read = decode(sent)
    assert isinstance(read, Interaction)
    assert (read.time, read.time_sent) == (NOW, None)


@pytest.mark.parametrize("appended_at", [-(2**62), -62_135_596_800_001])
def test_record_with_a_timestamp_before_all_years_is_judged_and_refused_at_most(appended_at: int) -> None:
    sent = record(event("form.submitted", form_id="f1") | {"time": "0001-01-01T00:00:00Z"})
    read = decode(Record(sent.topic, sent.value, (), appended_at))
    assert isinstance(read, Refusal) or take_in(read, HASHER)


def test_types_that_begin_a_record_open_something() -> None:
    assert not [spec.name for spec in SPECS if spec.begins_record != "never" and spec.opens == "never"]


def test_suppression_that_ends_keeps_its_end() -> None:
    assert data_of(taken_ahead(*OPENING["a suppression that ends"]))["until"] == render_time(AHEAD + 1)
