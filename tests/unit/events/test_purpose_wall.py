"""What comes from a kind of source that nothing is taken from is refused, in whatever record; all else is not."""

from collections.abc import Set
from typing import get_args

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.interactions.base import ProvenanceKind, SourcedData
from events.json_types import JSON
from events.pre_send_check import judge_before_sending
from events.purpose_wall import behind_the_wall, may_name_a_source, said_behind_the_wall
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from events.registry import MESSAGES, MODELS, topic_of
from streams.platform.settings import Settings
from tests.unit.events.records import NOW, REQUIRED, event

WALL: Set[ProvenanceKind] = {"petition", "staff", "civic_register"}
SOURCED = [type_ for type_, model in MODELS.items() if issubclass(model, SourcedData)]


def record(type_: str, kind: str) -> Record:
    said: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **REQUIRED[type_], "provenance": {"kind": kind}}
    return Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": said}), (), NOW)


def read(type_: str, kind: str) -> Interaction:
    found = decode(record(type_, kind))
    assert isinstance(found, Interaction), found
    return found


@pytest.mark.parametrize("type_", SOURCED)
@pytest.mark.parametrize("kind", get_args(ProvenanceKind))
def test_what_may_say_where_it_comes_from_is_refused_by_just_these_kinds(type_: str, kind: ProvenanceKind) -> None:
    found = behind_the_wall(read(type_, kind), WALL)
    assert (found is not None) == (kind in WALL)
    assert found == said_behind_the_wall(read(type_, kind).data.plain(), WALL)
    assert behind_the_wall(read(type_, kind), frozenset()) is None


def test_the_refusal_names_the_field_and_the_cure() -> None:
    refusal = behind_the_wall(read("form.submitted", "petition"), WALL)
    assert refusal is not None
    assert refusal.reason is Reason.REFUSED_SOURCE
    assert refusal.detail.startswith("data.provenance.kind: ")
    assert "HARMONIA_REFUSED_SOURCES" in refusal.detail


def test_a_sender_who_waits_for_an_answer_hears_it() -> None:
    refusal = judge_before_sending(record("consent.changed", "staff"), "US", WALL)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.REFUSED_SOURCE
    assert isinstance(judge_before_sending(record("consent.changed", "self"), "US", WALL), Interaction)


@pytest.mark.parametrize("type_", sorted(MESSAGES))
def test_a_message_says_nothing_of_its_source_so_it_is_taken(type_: str) -> None:
    found = decode(record(type_, "staff"))
    assert isinstance(found, Interaction)
    assert behind_the_wall(found, WALL) is None


def test_a_record_that_may_name_a_source_is_known_by_the_word_or_an_escape() -> None:
    assert may_name_a_source(b'{"provenance": 1}')
    assert may_name_a_source(b'{"\\u0070rovenance": 1}')
    assert not may_name_a_source(b'{"data": 1}')
    assert not may_name_a_source(None)


def test_under_european_regimes_petitions_are_behind_the_wall_too() -> None:
    walls = {name: Settings(_env_file=None, regime=name).refused_kinds for name in REGIMES}
    assert walls == {"us": {"civic_register", "staff"}, "fr": WALL, "eu": WALL}
    assert Settings(_env_file=None, regime="fr", refused_sources="rented").refused_kinds == {"rented"}
    assert Settings(_env_file=None, regime="fr", refused_sources="").refused_kinds == set()
