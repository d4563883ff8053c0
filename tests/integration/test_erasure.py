"""A person who is forgotten: nothing leads to them any more, and whoever begins anew begins with nothing."""

import json
import re
from pathlib import Path

from events.contact import Contact
from events.json_types import JSON
from events.topics import CONTACT_ALERTS, CONTACT_STATE, CONTACT_SUPPRESSIONS
from streams.demo.deployment import Deployment
from streams.demo.read_back import records_of
from tests.integration.said import fresh
from tests.integration.system import System
from tests.integration.tap import header, tapped
from tests.integration.traces import found_in_redis, found_in_topics
from tests.integration.waiting import until

BEFORE, ERASED, AFTER, LATER = (f"2012-02-2{day}T10:00:00Z" for day in range(2, 6))


class Somebody:
    """Three identifiers, none of which anybody else has; `roof` names the person."""

    def __init__(self, deployment: Deployment) -> None:
        name = fresh()
        number = int(name, 16) % 10**7
        self.gift = fresh()
        self.voter: JSON = f"NY:{name}"
        self.email: JSON = f"{name}@example.org"
        self.phone: JSON = f"+1 607 {number // 10**4:03d} {number % 10**4:04d}"
        named = deployment.hasher.identifiers(
            Contact.model_validate({"voter_id": self.voter, "email": self.email, "phone": self.phone})
        )
        self.hashes = [str(hashed) for hashed in named.values()]
        self.roof, self.by_email, self.by_phone = self.hashes


def tell_of(system: System, one: Somebody) -> None:
    """Three interactions, each keyed by another identifier, and the profile of all three."""
    system.say(
        "donation.made", {"voter_id": one.voter, "email": one.email}, time=BEFORE, donation_id=f"actblue:{one.gift}"
    )
    system.say("email.opened", {"email": one.email, "phone": one.phone}, time=BEFORE)
    system.say("form.submitted", {"phone": one.phone}, time=BEFORE)
    until(lambda: len(system.profile(one.roof).get("counts") or ()) == 3, "the whole person")


def in_vain(system: System) -> float:
    return system.metric("harmonia_interactions_total", topic="interactions", outcome="in_vain")


def erase(system: System, one: Somebody) -> None:
    """Return once the receipt is there, and the null record that marks it."""
    with tapped(system.settings, CONTACT_STATE, CONTACT_ALERTS) as tap:
        system.say("contact.erased", {"email": one.email}, time=ERASED)
        [receipt] = tap.of(CONTACT_ALERTS, one.roof.encode())
        assert json.loads(receipt.value or b"")["rule"] == "erased"
        nulls = (CONTACT_STATE, one.roof.encode(), None)
        tap.until(lambda kept: any((each.topic, each.key, each.value) == nulls for each in kept), "the null record")
        assert header(tap.of(CONTACT_STATE, one.roof.encode())[-1], "reason") == b"erased"


def test_nothing_of_a_person_who_was_erased_is_left_or_comes_back(system: System) -> None:
    erased, bystander = Somebody(system.deployment), Somebody(system.deployment)
    tell_of(system, bystander)
    tell_of(system, erased)
    assert found_in_redis(system, erased.hashes)
    assert found_in_topics(system, erased.hashes)
    erase(system, erased)

    dropped = in_vain(system)
    system.say("email.opened", {"email": erased.email}, time=BEFORE)
    system.say("email.opened", {"email": erased.email}, time=AFTER)
    system.say("email.opened", {"voter_id": erased.voter, "email": erased.email}, time=AFTER)
    until(lambda: in_vain(system) == dropped + 3, "three interactions in vain")
    marks = sorted(f"contact:{name}" for name in erased.hashes)
    until(lambda: sorted(found_in_redis(system, erased.hashes)) == marks, "nothing in Redis but the marks")
    until(lambda: not found_in_topics(system, erased.hashes), "nothing in the topics but the marks")
    for name in erased.hashes:
        mark = system.deployment.redis.hgetall(f"contact:{name}")
        assert (mark.pop(b"erased"), list(mark)) == (b"1", [b"version"])
    assert channels_closed(system, erased) == {name: {"erased"} for name in erased.hashes}
    assert system.profile(bystander.roof)["merged_from"] == sorted([bystander.by_email, bystander.by_phone])

    system.say("email.unsubscribed", {"email": erased.email}, time=AFTER)
    system.say("donation.made", {"email": erased.email}, time=LATER, donation_id=f"actblue:{fresh()}")
    until(lambda: len(system.profile(erased.by_email).get("counts") or ()) == 2, "a new record")
    anew = system.profile(erased.by_email)
    assert (anew["counts"], anew["merged_from"]) == ({"donation.made": 1, "email.unsubscribed": 1}, [])
    assert anew["first_seen"] == AFTER.replace("Z", ".000Z")
    assert anew["consent"] == {"email": False}
    assert not system.profile(erased.roof)
    closed = channels_closed(system, erased)
    assert closed.pop(erased.by_email) == {"unsubscribed"}
    assert closed == {name: {"erased"} for name in (erased.roof, erased.by_phone)}


def channels_closed(system: System, one: Somebody) -> dict[str, set[str]]:
    """Why channels are closed under each identifier of a person, by what `contact-suppressions` said last."""
    latest = {record.key: record.value for record in records_of(system.deployment.consumer, CONTACT_SUPPRESSIONS)}
    held = {name: json.loads(latest.get(name.encode()) or b"{}") for name in one.hashes}
    return {name: {why["reason"] for why in channels.values()} for name, channels in held.items()}


def test_nothing_of_a_person_who_was_erased_is_left_on_disk(system: System) -> None:
    """The last of this file: the worker ends, and its stores, of all partitions, are looked at."""
    erased, bystander = Somebody(system.deployment), Somebody(system.deployment)
    tell_of(system, bystander)
    tell_of(system, erased)
    erase(system, erased)
    until(lambda: not found_in_topics(system, erased.hashes), "nothing in the topics")
    assert system.workers.stop() == 0
    state = system.log.parent / "state"
    assert found_on_disk(state, bystander.gift), "a search that finds nobody shows nothing"
    assert not found_on_disk(state, erased.gift)


def found_on_disk(folder: Path, digits: str) -> list[Path]:
    """By any ten digits of them: what a key or a block has in common with what is before is not written again."""
    pieces = re.compile("|".join(digits[at : at + 10] for at in range(len(digits) - 9)).encode())
    files = [(path, path.read_bytes()) for path in folder.glob("**/*") if path.is_file()]
    return [path for path, held in files if pieces.search(held)]
