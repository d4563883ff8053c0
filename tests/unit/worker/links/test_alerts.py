"""Who judges a touch of a person with several identifiers, and how often."""

from events.json_types import JSON
from events.topics import CONTACT_ALERTS
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, BY_PHONE, Town

NINE, TEN, NOON = (f"2012-02-21T{hour}:00:00Z" for hour in ("09", "10", "12"))


def mailed(town: Town, contact: dict[str, JSON], time: str, team: str) -> str:
    """An e-mail of its own."""
    return town.say("email.sent", contact, time=time, message_id=f"m{town.count}", team=team)


def told(town: Town) -> list[tuple[JSON, JSON, list[str]]]:
    """Rule, contact and the ids of the evidence of each alert, in the order in which they were sent."""
    return [(one["rule"], one["contact_id"], evidence(one)) for one in town.world.alerts]


def evidence(alert: dict[str, JSON]) -> list[str]:
    assert isinstance(alert["evidence"], list)
    return [str(item["id"]) for item in alert["evidence"] if isinstance(item, dict)]


def test_the_canonical_id_judges_what_a_fragment_has_taken() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})
    first = mailed(town, ADA, NINE, "youth")
    second = mailed(town, BY_EMAIL, TEN, "digital")

    assert told(town) == [("double_touch", "crm.ada", [second, first])]
    assert list(town.world.latest[CONTACT_ALERTS]) == ["crm.ada"]


def test_the_canonical_id_judges_what_it_has_taken_by_what_its_fragments_know() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL, **BY_PHONE})
    first = mailed(town, BY_EMAIL, NINE, "youth")
    second = mailed(town, ADA, TEN, "digital")
    third = town.say("text.sent", BY_PHONE, time=NOON, message_id="text", team="field")

    assert told(town) == [
        ("double_touch", "crm.ada", [second, first]),
        ("double_touch", "crm.ada", [third, second]),
    ]


def test_people_who_turn_out_to_be_one_are_judged_together_from_then_on() -> None:
    town = Town()
    mailed(town, ADA, NINE, "youth")
    second = mailed(town, BO, TEN, "digital")
    town.link("crm.bo", "crm.ada")
    assert told(town) == []

    third = mailed(town, BO, NOON, "field")
    assert told(town) == [
        ("over_cap", "crm.ada", [third, second, "i1"]),
        ("double_touch", "crm.ada", [third, second]),
    ]


def test_people_who_are_parted_and_joined_again_are_not_told_of_again() -> None:
    town = Town()
    town.link("crm.bo", "crm.ada", "2012-02-20T09:00:00Z")
    mailed(town, ADA, NINE, "youth")
    mailed(town, BO, TEN, "digital")
    before = told(town)
    town.unlink("crm.ada", "crm.bo", "2012-02-20T10:00:00Z")
    town.link("crm.ada", "crm.bo", "2012-02-20T11:00:00Z")

    assert town.profile("crm.ada")["merged_from"] == ["crm.bo"]
    assert len(before) == 1
    assert told(town) == before


def test_a_message_of_which_another_fragment_has_heard_is_no_new_touch() -> None:
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL})
    mailed(town, ADA, NINE, "youth")
    message = {"message_id": "m", "team": "digital"}
    town.say("email.delivered", ADA, time=TEN, **message)
    before = told(town)
    town.say("email.sent", BY_EMAIL, time="2012-02-21T09:59:59Z", **message)

    assert len(before) == 1
    assert told(town) == before
