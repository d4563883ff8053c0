"""No field for the sound of a name or a place of birth is taken under European regimes, and each refusal names it."""

from copy import deepcopy

import orjson
import pytest

from events.descent_fields import tells_descent
from events.envelope import Interaction, Record, decode, encode_structured
from events.identifiers import Hasher
from events.interactions.base import SourcedData
from events.json_types import JSON
from events.pre_send_check import judge_before_sending
from events.purpose_wall import OPEN, Wall, through_the_wall
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from events.registry import MODELS, topic_of
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW, REQUIRED, event

WALL = Wall(takes_descent=False)
HASHER = Hasher([b"a key"])
TELLING = """birthPlace place_of_birth BIRTH-COUNTRY lieu_de_naissance commune_naissance ville_naiss lieunaiss
dept_naissance DépNaissance country_of_origin pays_d'origine paysOrigine consonance consonance_du_nom name_origin
originOfName surname-sound ethnicity origine_nom origin_last_name nameSound sounds_of_names""".split()
OTHERS = """birthday name nom origin country city nominee economie_origine naissances sound origin_name utm_origin_name
nameOfOrigin origin_country connaissance_ville ville_renaissance""".split()


def record(type_: str, where: str = "data", /, field: str = "lieu_de_naissance", **more: JSON) -> Record:
    data: dict[str, JSON] = {"contact": {"contact_id": "c1"}, **deepcopy(REQUIRED[type_]), **more}
    inner = data if where == "data" else data.setdefault(where, {"kind": "voter_list"})
    assert isinstance(inner, dict)
    inner[field] = "Oran"
    return Record(topic_of(type_), orjson.dumps(event() | {"type": type_, "data": data}), (), NOW)


def taken(said: Record, wall: Wall = WALL) -> dict[str, JSON] | Refusal:
    found = judge(Fetched(0, said.value, timestamp=NOW, topic=said.topic), HASHER, Remarks.none(), wall)
    if isinstance(found, Refusal):
        return found
    data: dict[str, JSON] = orjson.loads(found[1])["data"]
    return data


def test_what_tells_descent_is_known_however_it_is_written_and_other_names_are_not() -> None:
    assert [name for name in (*TELLING, "pays de naissance") if not tells_descent(name)] == []
    assert [name for name in OTHERS if tells_descent(name)] == []


@pytest.mark.parametrize("where", ["data", "provenance"])
def test_the_refusal_names_the_field_and_the_cure(where: str) -> None:
    found = taken(record("provenance.reported", where))
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_DATA
    path = "data" if where == "data" else f"data.{where}"
    assert found.detail.startswith(f"{path}.lieu_de_naissance: where somebody was born")
    assert "leave the field out" in found.detail
    before = judge_before_sending(record("provenance.reported", where), "US", WALL)
    assert before == found


NESTED: list[tuple[JSON, JSON, str]] = [
    ({"ville_naiss": "Oran", "age": 3}, {"age": 3}, "person.ville_naiss"),
    ({"birth": {"place": "Oran", "day": 1}}, {"birth": {"day": 1}}, "person.birth.place"),
    ([{"name": {"origin": "x"}}, 1], [{"name": {}}, 1], "person.name.origin"),
]


@pytest.mark.parametrize(("said", "left", "path"), NESTED)
def test_within_a_field_that_is_not_known_it_is_found_too(said: JSON, left: JSON, path: str) -> None:
    refused = taken(record("donation.made", field="plan", person=said))
    assert isinstance(refused, Refusal)
    assert refused.detail.startswith(f"data.{path}: where somebody was born")
    bounced = taken(record("email.bounced", field="plan", person=said))
    assert not isinstance(bounced, Refusal)
    assert bounced["person"] == left


def test_a_name_that_may_be_an_address_is_not_repeated() -> None:
    found = taken(record("form.submitted", field="birthplace of ada@example.org"))
    assert isinstance(found, Refusal)
    assert found.detail.startswith("data.*: ")


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_only_what_may_say_its_source_is_refused_all_else_is_taken_without_the_field(type_: str) -> None:
    """A bounce, a refund, a reply: what they say of an address or of money holds, whatever else stands there."""
    said = record(type_, granted=False) if type_ == "consent.changed" else record(type_)
    found = taken(said)
    assert not isinstance(taken(said, OPEN), Refusal)
    passes = type_ == "consent.changed" or not issubclass(MODELS[type_], SourcedData)
    assert isinstance(found, Refusal) != passes
    if not isinstance(found, Refusal):
        assert "lieu_de_naissance" not in found


def test_of_a_no_the_field_is_taken_out_wherever_it_stands() -> None:
    said = record("consent.changed", "provenance", granted=False)
    found = taken(said)
    assert not isinstance(found, Refusal)
    assert found["provenance"] == {"kind": "voter_list"}
    read = decode(said)
    assert isinstance(read, Interaction)
    through_the_wall(read, WALL)
    assert b"lieu_de_naissance" in encode_structured(read)


def test_of_who_is_too_young_just_that_is_taken() -> None:
    told: dict[str, JSON] = {"kind": "voter_list", "of_age": False, "file": "roll:1", "age_band": "16-17"}
    found = taken(record("provenance.reported", "provenance", provenance=told))
    assert not isinstance(found, Refusal)
    assert found == {
        "contact": {"contact_id": "c1"},
        "provenance": {"kind": "voter_list", "of_age": False},
        "team": "digital",
    }
    assert isinstance(taken(record("provenance.reported", "provenance", provenance={**told, "of_age": True})), Refusal)


def test_european_regimes_refuse_it_and_others_take_it_as_ever() -> None:
    walls = {name: Settings(_env_file=None, regime=name).wall.takes_descent for name in REGIMES}
    assert walls == {"us": True, "fr": False, "eu": False}


def test_a_yes_with_such_a_field_is_refused_and_one_without_is_not() -> None:
    assert isinstance(taken(record("consent.changed", granted=True)), Refusal)
    assert not isinstance(taken(record("consent.changed", field="remark", granted=True)), Refusal)
