"""A touch over the cap is told of once: whatever crashes, and by the policy that holds when it comes."""

import json
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from events.contact import Contact
from events.json_types import JSON
from events.topics import CONTACT_ALERTS, CONTACT_LINKS
from streams.demo.deployment import open_deployment
from streams.domain.pressure import default_policy_text
from streams.local.stack import Stack
from tests.integration.command import ended_well, harmonia, on
from tests.integration.office import Office
from tests.integration.said import fresh
from tests.integration.system import settings_of
from tests.integration.tap import Kept, tapped

PEOPLE = 150
LAST = 21
_CAP = '{ window = "1d", at_most = 2 }'


@pytest.fixture(scope="module")
def office(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with open_deployment(settings_of(stack)) as deployment:
        office = Office(stack, tmp_path_factory.mktemp("office"), deployment)
        try:
            yield office
        finally:
            office.workers.stop()


def mailed(office: Office, contact: dict[str, JSON], person: str, hour: int) -> None:
    message: dict[str, JSON] = {"message_id": f"{person}-{hour}", "purpose": "informational"}
    office.say("email.sent", contact, person, at(hour), **message)


def alerts(kept: Kept) -> list[dict[str, JSON]]:
    return [json.loads(record.value or b"") for record in kept if record.topic == CONTACT_ALERTS]


def test_each_touch_over_the_cap_is_one_alert_whatever_is_killed(office: Office, stack: Stack, tmp_path: Path) -> None:
    """Half of the people are known by two identifiers, and are mailed by the one that does not name them."""
    alone = [fresh() for _ in range(PEOPLE)]
    linked = [fresh() for _ in range(PEOPLE)]
    with tapped(office.deployment.settings, CONTACT_ALERTS, CONTACT_LINKS) as tap:
        for person in linked:
            both: dict[str, JSON] = {"contact_id": person, "email": f"{person}@example.org"}
            office.say("email.opened", both, person, "2012-02-22T00:00:00Z")
        fragments = {fragment(office, person) for person in linked}
        tap.until(lambda kept: fragments <= {record.key for record in kept}, "all links")
        people: dict[str, dict[str, JSON]] = {person: {"contact_id": person} for person in alone}
        people |= {person: {"email": f"{person}@example.org"} for person in linked}
        for hour in (1, 6, 11, 16):
            mail_all(office, people, hour)
        tap.until(lambda kept: len(alerts(kept)) > PEOPLE // 2, "the first alerts")
        office.workers.stop(signal.SIGKILL)
        office.start()
        mail_all(office, people, LAST)
        told = alerts(tap.until(lambda kept: last_ones(kept) == people.keys(), "the last alert of everyone"))

    expected = {("over_cap", person, at(hour)) for person in people for hour in (11, 16, LAST)}
    assert Counter((one["rule"], one["contact_id"], one["at"]) for one in told) == dict.fromkeys(expected, 1)
    assert len({str(one["alert_id"]) for one in told}) == len(told)

    words = ("alerts", "list", "--rule", "over_cap", "--about", alone[0], "--latest", "2", "--json")
    listed = ended_well(harmonia(tmp_path, *words, environment=on(stack))).stdout.splitlines()
    about = [one for one in told if one["contact_id"] == alone[0]]
    assert [json.loads(line) for line in listed] == sorted(about, key=lambda one: str(one["at"]))[-2:]


def mail_all(office: Office, people: Mapping[str, dict[str, JSON]], hour: int) -> None:
    for person, contact in people.items():
        mailed(office, contact, person, hour)


def last_ones(kept: Kept) -> set[JSON]:
    """Whom an alert at the last hour was about: what was sent of them before, has been read."""
    return {one["contact_id"] for one in alerts(kept) if one["at"] == at(LAST)}


def at(hour: int) -> str:
    return f"2012-02-22T{hour:02d}:00:00.000Z"


def fragment(office: Office, person: str) -> bytes:
    contact = Contact.model_validate({"email": f"{person}@example.org"})
    return (office.deployment.hasher.fragment(contact) or "").encode()


def test_a_changed_policy_judges_what_comes_then_without_a_restart(office: Office) -> None:
    person = fresh()
    contact: dict[str, JSON] = {"contact_id": person}
    office.rule(default_policy_text().replace(_CAP, _CAP.replace("2", "1")), person)
    with tapped(office.deployment.settings, CONTACT_ALERTS) as tap:
        mailed(office, contact, person, 1)
        mailed(office, contact, person, 6)
        [record] = tap.of(CONTACT_ALERTS, person.encode())
    alert = json.loads(record.value or b"")
    assert alert["detail"] == "outsiders: 2 touches by email within 1d, at most 1"
