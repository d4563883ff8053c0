"""Short stories told to all agents between `interactions` and the topics that others read."""

from collections.abc import Callable

from events.contact import Contact
from events.json_types import JSON
from events.times import parse_time
from events.topics import CONTACT_STATE
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import Latest, World
from tests.unit.events.records import NOW, REQUIRED

Named = str | dict[str, JSON]
"""An id, or identifiers with one."""
ADA: dict[str, JSON] = {"contact_id": "crm.ada"}
BO: dict[str, JSON] = {"contact_id": "crm.bo"}
BY_EMAIL: dict[str, JSON] = {"email": "ada.l@example.org"}
BY_PHONE: dict[str, JSON] = {"phone": "212 555 0199"}
T1, T2, T3, T4 = (f"2012-02-2{time}:00:00Z" for time in ("0T09", "1T09", "2T08", "2T09"))


class Town:
    """Tells one thing after the other, and lets the agents finish after each unless told otherwise.

    `truth` hears the same.
    """

    def __init__(self) -> None:
        self.world = World()
        self.truth = Truth()
        self.count = 0
        self.is_at_rest_after_each = True

    def say(self, type_: str, contact: dict[str, JSON], id_: str = "", time: str = "", **data: JSON) -> str:
        """Returns the id. `appended_at`: when the broker has it."""
        self.count += 1
        id_ = id_ or f"i{self.count}"
        self.tell(type_, {"contact": contact, **REQUIRED[type_], **data}, id_, time)
        return id_

    def link(self, one: Named, other: Named, time: str = "") -> None:
        self._rule("contact.linked", one, other, "", time)

    def unlink(self, one: Named, other: Named, time: str = "", id_: str = "") -> None:
        self._rule("contact.unlinked", one, other, id_, time)

    def _rule(self, type_: str, one: Named, other: Named, id_: str, time: str) -> None:
        self.count += 1
        pair: list[JSON] = [each if isinstance(each, str) else self.hashed(each) for each in (one, other)]
        self.tell(type_, {"contact_ids": pair}, id_ or f"i{self.count}", time)

    def retract(self, id_: str, contact: dict[str, JSON]) -> None:
        self.say("interaction.retracted", contact, retracts={"source": "team/a", "id": id_})

    def tell(self, type_: str, data: dict[str, JSON], id_: str, time: str) -> None:
        self.append(type_, data, id_, time)
        if self.is_at_rest_after_each:
            self.world.settle()

    def tells_at_once(self, *steps: Callable[["Town"], object]) -> None:
        """All of it is said before anybody reads any of it."""
        self.is_at_rest_after_each = False
        for step in steps:
            step(self)
        self.is_at_rest_after_each = True
        self.world.settle()

    def append(self, type_: str, data: dict[str, JSON], id_: str, time: str) -> None:
        """Say it, and leave the agents as they are."""
        at = parse_time(time) if time else NOW
        assert at is not None
        appended_at = data.pop("appended_at", NOW)
        assert isinstance(appended_at, int)
        said = interaction(type_, id_, at, "team/a", data)
        self.world.say(said, appended_at)
        self.truth.hear(said, self.world.hasher, appended_at)

    def agrees_with_the_truth(self) -> None:
        """Profiles, links and suppressions are the truth's, so are receipts, and each null record says why."""
        world, truth = self.world, self.truth
        assert (world.profiles(), world.merged(), world.closed()) == (truth.profiles(), truth.merged(), truth.closed())
        told = {
            (str(alert["contact_id"]), str(_first(alert)["id"])) for alert in world.alerts if alert["rule"] == "erased"
        }
        assert truth.receipts <= told <= truth.receipts | truth.others
        erased = shut_as_erased(self)
        for name, reason_of in world.reasons().items():
            headers = world.latest[CONTACT_STATE][name].headers
            assert reason_of == ("merged" if name in world.merged() else "erased" if name in erased else "forgotten")
            assert (headers.get("merged_into") or b"").decode() == world.merged().get(name, "")

    def hashed(self, contact: dict[str, JSON]) -> str:
        """The fragment of these identifiers."""
        return self.world.hasher.fragment(Contact.model_validate(contact)) or ""

    def profile(self, contact_id: str) -> dict[str, JSON]:
        return self.world.profiles()[contact_id]

    def latest(self, topic: str, key: str) -> Latest:
        return self.world.latest[topic][key]


def shut_as_erased(town: Town) -> set[str]:
    """The names that are closed on every channel since their person was erased."""
    whys = {name: closed for name, closed in town.world.closed().items() if isinstance(closed, dict)}
    return {
        name
        for name, closed in whys.items()
        if closed.keys() == {"email", "text", "phone", "door", "letter"}
        and all(isinstance(why, dict) and why["reason"] == "erased" for why in closed.values())
    }


def erased() -> Town:
    """Ada and her address, who opened an e-mail and gave; erased by the address at `T2`."""
    town = Town()
    town.say("email.opened", {**ADA, **BY_EMAIL}, time=T1)
    town.say("donation.made", BY_EMAIL, time=T1)
    town.say("contact.erased", BY_EMAIL, "erasure", time=T2)
    return town


def reason(town: Town, key: str) -> bytes | None:
    """Why the record of this key in `contact-state` is null."""
    latest = town.latest(CONTACT_STATE, key)
    assert latest.value is None
    return latest.headers["reason"]


def _first(alert: dict[str, JSON]) -> dict[str, JSON]:
    evidence = alert["evidence"]
    assert isinstance(evidence, list)
    assert isinstance(evidence[0], dict)
    return evidence[0]
