"""Memberships of whom a worker that keeps none has merged or forgotten go with the next backfill, and stop nobody."""

from msgspec.structs import replace

from events.contact import Contact
from events.envelope import Interaction
from events.registry import MODELS
from events.topics import CONTACT_STATE
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.engine.store import Position
from tests.property.worker.segments.town import Town
from tests.unit.domain.contact.said import NOON

HOSTS = {"id": "hosts", "all": [{"tag": "host"}]}
SEEN = {"id": "seen", "all": [{"seen": "first", "within": "9000d"}]}


def town_with(name: str) -> Town:
    """Somebody is in both segments."""
    town = Town()
    town.define([HOSTS, SEEN])
    said = {"contact": Contact(contact_id=name), "method": "door", "outcome": "contacted", "tags_added": ["host"]}
    data = MODELS["canvass.reported"].model_validate(said)
    town.say(Interaction(id="1", source="team/a", type="canvass.reported", time=NOON, data=data), NOON)
    town.settle()
    assert town.names() == {name: {"hosts", "seen"}}
    return town


def left_as(town: Town, name: str, state: ContactState | None) -> None:
    """What an older worker has left of somebody."""
    store = town.stores[town.partition_of(name)]
    store.write({name.encode(): None if state is None else encode(state)}, Position("t", 2, 0))


def test_who_was_merged_is_let_go_of_by_the_next_backfill() -> None:
    town = town_with("crm.ada")
    state = decode(town.table()[b"crm.ada"])
    left_as(town, "crm.ada", replace(state, place=IdentityStatus(roof="crm.bo", shown="merged")))
    town.define([{"id": "drivers", "all": [{"tag": "driver"}]}])
    town.settle()
    assert town.names() == {}
    assert town.causes["merged"] == 1


def test_who_is_known_no_more_holds_no_place_in_a_segment_that_is_withdrawn() -> None:
    town = town_with("crm.ada")
    left_as(town, "crm.ada", None)
    town.latest[CONTACT_STATE].clear()
    number = town.partition_of("crm.ada")
    town.withdraw(["hosts"])
    while town.waiting():
        super(Town, town).work(town.waiting()[0], 10)
    assert town.counts["hosts", number].value is None
    said = {"contact": Contact(contact_id="crm.ada"), "method": "door", "outcome": "not_home"}
    data = MODELS["canvass.reported"].model_validate(said)
    town.say(Interaction(id="2", source="team/a", type="canvass.reported", time=NOON, data=data), NOON)
    while town.waiting():
        super(Town, town).work(town.waiting()[0], 10)
    assert town.memberships()["crm.ada"].keys() == {"seen"}
