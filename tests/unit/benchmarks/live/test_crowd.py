from random import Random

from benchmarks.live.crowd import EACH, Cell, cells_of, contact_id_of, definitions, gift, name_of, something, states
from events.envelope import Interaction, Record, decode
from events.experiments.metrics import METRICS
from events.identifiers import Hasher
from streams.domain.contact import decode as state_of
from streams.domain.contact import encode
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.packed_contribution import NOTHING, unpacked
from streams.domain.contact.person_view import overview
from streams.domain.experiments.person_sums import may_change, packed_contribution_of

NOW_MS = 1_800_000_000_000
HASHER = Hasher([b"a key for tests"])
STATES = dict(states(range(3), NOW_MS, 7, HASHER))


def test_whoever_is_known_is_in_the_cells_that_are_said() -> None:
    for person in range(3):
        contact_id = contact_id_of(person, HASHER)
        state = state_of(STATES[contact_id])
        counted = packed_contribution_of(contact_id, overview(state), {}, NOTHING)
        assert encode(state) == STATES[contact_id]
        assert sorted(Cell(each.experiment, each.variant) for each in unpacked(counted)) == sorted(cells_of(person))
        assert len({cell.experiment for cell in cells_of(person)}) == EACH


def test_nobody_has_given_anything_before() -> None:
    amounts = METRICS.index("net_amount")
    for contact_id, value in STATES.items():
        counted = packed_contribution_of(contact_id, overview(state_of(value)), {}, NOTHING)
        assert all(place != amounts for each in unpacked(counted) for place, *_ in each.values)


def test_all_that_is_said_is_of_the_person_and_may_move_results() -> None:
    contact_id = contact_id_of(1, HASHER)
    known = overview(state_of(STATES[contact_id]))
    rng = Random(3)
    for said in [gift(1, 64, "a", NOW_MS), *(something(rng, 1, f"b-{number}", NOW_MS) for number in range(50))]:
        read = decode(Record(said.topic, said.value, (), NOW_MS))
        assert isinstance(read, Interaction)
        assert HASHER.fragment(read.data.contact) == contact_id
        head = read.id, read.source, read.type, read.dataschema
        assert may_change([fact_of(head, read.time, read.data, NOW_MS)], known, {}, NOTHING)


def test_every_second_experiment_is_defined() -> None:
    assert [each.id for each in definitions()][:2] == [name_of(0), name_of(2)]
