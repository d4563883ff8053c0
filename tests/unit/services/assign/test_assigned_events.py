"""What is sent is what intake takes, and the same in every run."""

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.interactions.anywhere import ExperimentAssigned
from streams.services.assign.assigned_events import Assigner, assigned_event
from tests.unit.domain.experiments.test_assigning import ASK
from tests.unit.domain.experiments.writing import defined
from tests.unit.services.assign.lists import Run

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
