"""Lists of people are assigned."""

from io import BytesIO

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.interactions.anywhere import ExperimentAssigned
from streams.domain.experiments.assignment import VariantAssigner
from streams.services.assign import list_assignment
from streams.services.assign.assigned_events import Assigner, assigned_event
from streams.services.assign.list_assignment import SplitUnitCounter, SplitUnits, Unit, UnitReader, missing_column
from streams.services.audience import UnusableAudience
from tests.unit.domain.experiments.test_assigning import ASK
from tests.unit.domain.experiments.writing import defined
from tests.unit.services.assign.lists import HASHER, Run, opened

HOUSES = defined("door", unit="household", variants={"walk": 1, "call, then walk": 1})


def test_ids_come_back_in_their_order_with_a_variant_each() -> None:
    assert Run("c-10\nc-1\nc-4\n", ASK).out == "contact_id,variant\nc-10,long\nc-1,control\nc-4,short\n"


def test_a_list_comes_back_byte_for_byte() -> None:
    text = '\ufeffFirst,E-mail,Note\r\nZoë,zoe@example.org,"a, ""b"""\r\nX,x@example.org,\r\n'
    lines = Run(text, ASK).out.splitlines(keepends=True)
    assert lines[0] == "\ufeffFirst,E-mail,Note,variant\r\n"
    assert lines[1].startswith('Zoë,zoe@example.org,"a, ""b""",')
    assert lines[1].endswith("\r\n")


def test_a_person_is_the_same_by_address_and_by_the_contact_id_made_of_it() -> None:
    name = HASHER.email("zoe@example.org") or ""
    variant = VariantAssigner(ASK).variant_of(name)
    assert Run("email\n ZOE@example.org \n", ASK).out.endswith(f",{variant}\n")
    assert Run(f"{name}\n", ASK).out.endswith(f",{variant}\n")


def test_the_strongest_identifier_decides_and_is_the_only_one_that_is_said() -> None:
    done = Run("email,van id,contact_id\na@example.org,7,c-1\na@example.org,7,\nb@example.org,,\n", ASK)
    assert [given.unit.contact for given in done.given] == [
        {"contact_id": "c-1"},
        {"external": {"van": "7"}},
        {"email": "b@example.org"},
    ]
    assert done.given[0].variant == "control"
    assert done.given[2].unit.person == HASHER.email("b@example.org")


def test_a_household_is_together_wherever_its_rows_are() -> None:
    done = Run("contact_id,Household\nc-1,h-1\nc-2,h-2\nc-3, h-1\n", HOUSES)
    assert [given.unit.cluster for given in done.given] == ["h-1", "h-2", "h-1"]
    assert done.given[0].variant == done.given[2].variant == VariantAssigner(HOUSES).variant_of("h-1")


def test_a_household_in_several_variants_counts_once_and_none_of_many_is_taken_for_another() -> None:
    strata = {"column": "state", "splits": {"NY": {"a": 1}}}
    counter = SplitUnitCounter(defined(unit="household", variants={"a": 1, "b": 1}, holdout=0.1, strata=strata))
    assert counter.split_units() == SplitUnits(0, 0)
    many = [(f"h-{n}", "ab"[n % 2]) for n in range(20_000)]
    for household, variant in (*many, ("h-0", "b"), ("h-1", "b")):
        counter.add(Unit(household, "c-1", {"contact_id": "c-1"}, household, ""), variant)
    assert counter.split_units() == SplitUnits(1, 20_000)
    for unsplit in (defined(), defined(unit="household"), defined(strata={"column": "state", "splits": {}})):
        assert SplitUnitCounter(unsplit).split_units() is None


def test_a_variant_with_a_comma_is_quoted() -> None:
    found = Run("contact_id,household\n" + "".join(f"c-{n},h-{n}\n" for n in range(20)), HOUSES).out
    assert ',"call, then walk"\n' in found


def test_a_stratum_has_its_own_split() -> None:
    own = defined(strata={"column": "State", "splits": {"NY": {"long": 1}}})
    lines = Run("contact_id,state\n" + "".join(f"c-{n},NY\n" for n in range(20)), own).out.splitlines()
    assert {line.rpartition(",")[2] for line in lines[1:]} == {"long"}


def test_whoever_is_outside_the_slice_has_no_variant_and_is_not_told_of() -> None:
    half = defined(exclusion={"group": "g", "from": 0, "to": 0.5})
    done = Run("".join(f"c-{n}\n" for n in range(100)), half)
    assert 0 < done.summary.excluded < 100
    assert done.summary.excluded + done.summary.variants.total() == done.summary.rows == 100
    assert len(done.given) == done.summary.variants.total()
    assert done.out.count(",\n") == done.summary.excluded


def test_rows_that_name_nobody_stay_in_their_place_without_a_variant() -> None:
    text = 'contact_id,household\nc-1,h-1\nbad id,h-1\nc-2,\n"c-3,h-3\nc-4,h-4,more\nc-5,h-5\n ,h-5\n'
    done = Run(text, HOUSES)
    why = {"malformed_identifier": 1, "no_identifier": 1, "no_household": 1, "malformed_row": 2}
    assert done.summary.troubles == why
    assert [given.unit.person for given in done.given] == ["c-1", "c-5"]
    lines = done.out.splitlines()
    assert lines[2:6] == ["bad id,h-1,", "c-2,,", '"""c-3,h-3",,', '"c-4,h-4,more",,']


def test_a_line_with_nothing_in_it_is_no_row() -> None:
    done = Run("c-10\n\nc-1\n", ASK)
    assert (done.out, done.summary.rows) == ("contact_id,variant\nc-10,long\nc-1,control\n", 2)


def test_an_identifier_that_intake_would_refuse_names_nobody() -> None:
    done = Run(f"voter_id\nNew York:1\nNY:1\nNY:{'1' * 300}\n", ASK)
    assert (done.summary.troubles, len(done.given)) == ({"malformed_identifier": 2}, 1)


def test_rows_are_written_after_their_events_are_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_assignment, "CHUNK", 3)
    done = Run("".join(f"c-{n}\n" for n in range(8)), ASK)
    assert done.written_before == [0, 3, 6]
    assert done.done == (8, 32)


def test_to_ask_whether_there_are_rows_takes_none_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_assignment, "CHUNK", 2)
    for rows in (0, 1, 5):
        audience, out = opened("contact_id\n" + "".join(f"c-{n}\n" for n in range(rows))), BytesIO()
        reader = UnitReader(audience.header, ASK, HASHER)
        assignments = list_assignment.Assignments(audience, reader, VariantAssigner(ASK), SplitUnitCounter(ASK))
        assert [assignments.has_rows(), assignments.has_rows()] == [rows > 0] * 2
        assignments.write(out, lambda _: None, lambda *_: None)
        names = [line.partition(",")[0] for line in out.getvalue().decode().splitlines()[1:]]
        assert names == [f"c-{n}" for n in range(rows)]


def test_a_list_that_lacks_a_column_is_refused_with_its_name() -> None:
    def lacks(text: str, **fields: object) -> str:
        found = missing_column(opened(text).header, defined(**fields))  # type: ignore[arg-type]
        assert isinstance(found, UnusableAudience)
        return found.reason

    assert lacks("contact_id\n", unit="turf") == "ask assigns by turf: give a column turf with its ids"
    assert "give a column of that name" in lacks("contact_id\n", strata={"column": "state"})
    assert "it was assigned before" in lacks("contact_id,Variant\n")


AT = "2026-02-03T18:00:00.000Z"
LIST = "contact_id,voter_id,external.van,email,phone,household\n{}\n"


def said(row: str, team: str | None = None, unit: str = "contact", **fields: object) -> Interaction:
    definition = defined("ask", unit=unit, **fields)
    [given] = Run(LIST.format(row), definition).given
    event = assigned_event(definition, given, Assigner("field/lists", team), AT)
    found = decode(Record("outreach-events", orjson.dumps(event), (), 1_770_141_600_000))
    assert isinstance(found, Interaction), found
    return found


@pytest.mark.parametrize(
    "row", ["c-1,,,,,h", ",NY:12,,,,h", ",,7,,,h", ",,,a@example.org,,h", ",,,,(212) 555-0123,h", "x y,,7,,,h"]
)
def test_whatever_names_a_person_is_taken(row: str) -> None:
    found = said(row)
    assert isinstance(found.data, ExperimentAssigned)
    assert (found.type, found.source, found.time) == ("experiment.assigned", "field/lists", 1_770_141_600_000)
    assert (found.data.experiment.id, found.data.cluster, found.data.team) == ("ask", None, None)


def test_a_household_is_said_as_cluster_and_a_team_where_there_is_one() -> None:
    data = said("c-1,,,,,h-12", "field", "household").data
    assert isinstance(data, ExperimentAssigned)
    assert (data.cluster, data.team) == ("h-12", "field")


def test_a_second_run_says_the_same_under_the_same_id() -> None:
    assert said("c-1,,,,,h").id == said("c-1,,,,,other").id
    assert said("c-1,,,,,h").id != said("c-2,,,,,h").id


def test_whoever_gets_another_variant_by_a_changed_definition_is_told_of_anew() -> None:
    """A copy would be dropped, and nobody would hear that they were given both."""
    before, after = said("c-1,,,,,h"), said("c-1,,,,,h", variants={"a": 1, "b": 1})
    assert isinstance(before.data, ExperimentAssigned)
    assert isinstance(after.data, ExperimentAssigned)
    assert before.data.experiment.variant != after.data.experiment.variant
    assert before.id != after.id


def test_an_id_does_not_tell_an_address_to_whoever_tries_them_out() -> None:
    """It is made of the keyed hash."""
    [one] = Run("email\na@example.org\n", ASK).given
    assert one.unit.person.startswith("email:")
    assert "example" not in one.unit.person
