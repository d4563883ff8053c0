"""What comes from a kind of source that nothing is taken from is refused, in whatever record; all else is not."""

from collections.abc import Set
from typing import get_args

import orjson
import pytest
from msgspec.structs import replace

from events.envelope import Interaction, Record, decode
from events.harmonised import IntakeResult
from events.identifiers import Hasher
from events.interactions.base import ProvenanceKind, SourcedData
from events.interactions.canvass import REFUSALS, UNREACHABLE
from events.json_types import JSON
from events.pre_send_check import judge_before_sending
from events.purpose_wall import OPEN, Wall, again_through_the_wall, passes_by_a_look, through_the_wall
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from events.registry import MESSAGES, MODELS, topic_of
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, REQUIRED, event

KINDS: Set[ProvenanceKind] = {"petition", "staff", "civic_register"}
WALL = Wall(KINDS)
HASHER = Hasher([b"a key"])
SAID = ("provenance", "kind", "lieu_de_naissance", "remark")
SOURCED = [type_ for type_, model in MODELS.items() if issubclass(model, SourcedData)]


def record(type_: str, kind: str, **more: JSON) -> Record:
    said: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **REQUIRED[type_], "provenance": {"kind": kind}, **more}
    return Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": said}), (), NOW)


def taken_of(told: Record, wall: Wall = WALL) -> IntakeResult | Refusal:
    return judge(Fetched(0, told.value, timestamp=NOW, topic=told.topic), HASHER, Remarks.none(), wall)


def read(type_: str, kind: str) -> Interaction:
    found = decode(record(type_, kind))
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
    told = record(type_, kind, **said, opinion="left")
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
    told = record("provenance.reported", kind, provenance={**young, "sex": "f"}, opinion="left")
    taken = taken_of(told)
    assert not isinstance(taken, Refusal)
    data = orjson.loads(taken[1])["data"]
    assert data["provenance"] == young
    assert "opinion" not in data
    grown = record("provenance.reported", kind, provenance={"kind": kind, "of_age": True})
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
    told = record("canvass.reported", "petition", method="door", outcome="do_not_contact", **more)
    taken = taken_of(told)
    assert not isinstance(taken, Refusal)
    assert orjson.loads(taken[1])["data"].keys() == {"contact", "method", "outcome", "provenance", "team"}


def test_a_source_is_known_however_its_name_is_written() -> None:
    told = record("donation.made", "petition")
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
    found = decode(record(type_, "staff"))
    assert isinstance(found, Interaction)
    assert through_the_wall(found, WALL) is found


def test_under_european_regimes_petitions_are_behind_the_wall_too() -> None:
    walls = {name: Settings(_env_file=None, regime=name).refused_kinds for name in REGIMES}
    assert walls == {"us": {"civic_register", "staff"}, "fr": KINDS, "eu": KINDS}
    assert Settings(_env_file=None, regime="fr", refused_sources="rented").refused_kinds == {"rented"}
    assert Settings(_env_file=None, regime="fr", refused_sources="").refused_kinds == set()


def test_what_is_taken_of_a_no_leaves_the_no_itself_as_it_was() -> None:
    said = decode(record("consent.changed", "staff", granted=False, opinion="left"))
    assert isinstance(said, Interaction)
    through_the_wall(said, WALL)
    assert said.data.model_extra == {"opinion": "left"}
