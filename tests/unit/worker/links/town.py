"""Short stories told to all agents between `interactions` and the topics that others read."""

from events.contact import Contact
from events.json_types import JSON
from events.times import parse_time
from events.topics import CONTACT_STATE
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.world import Latest, World
from tests.unit.events.records import NOW, REQUIRED

ADA: dict[str, JSON] = {"contact_id": "crm.ada"}
BO: dict[str, JSON] = {"contact_id": "crm.bo"}
BY_EMAIL: dict[str, JSON] = {"email": "ada.l@example.org"}
BY_PHONE: dict[str, JSON] = {"phone": "212 555 0199"}
T1, T2, T3, T4 = (f"2012-02-2{time}:00:00Z" for time in ("0T09", "1T09", "2T08", "2T09"))


class Town:
    """Tells one thing after the other, and lets the agents finish after each unless told otherwise."""

    def __init__(self) -> None:
        self.world = World()
        self.count = 0

    def say(self, type_: str, contact: dict[str, JSON], id_: str = "", time: str = "", **data: JSON) -> str:
        """Returns the id."""
        self.count += 1
        id_ = id_ or f"i{self.count}"
        self.tell(type_, {"contact": contact, **REQUIRED[type_], **data}, id_, time)
        return id_

    def link(self, one: str, other: str, time: str = "") -> None:
        self.count += 1
        self.tell("contact.linked", {"contact_ids": [one, other]}, f"i{self.count}", time)

    def unlink(self, one: str, other: str, time: str = "") -> None:
        self.count += 1
        self.tell("contact.unlinked", {"contact_ids": [one, other]}, f"i{self.count}", time)

    def retract(self, id_: str, contact: dict[str, JSON]) -> None:
        self.say("interaction.retracted", contact, retracts={"source": "team/a", "id": id_})

    def tell(self, type_: str, data: dict[str, JSON], id_: str, time: str) -> None:
        self.append(type_, data, id_, time)
        self.world.settle()

    def append(self, type_: str, data: dict[str, JSON], id_: str, time: str) -> None:
        """Say it, and leave the agents as they are."""
        at = parse_time(time) if time else NOW
        assert at is not None
        self.world.say(interaction(type_, id_, at, "team/a", data), NOW)

    def hashed(self, contact: dict[str, JSON]) -> str:
        """The fragment of these identifiers."""
        return self.world.hasher.fragment(Contact.model_validate(contact)) or ""

    def profile(self, contact_id: str) -> dict[str, JSON]:
        return self.world.profiles()[contact_id]

    def latest(self, topic: str, key: str) -> Latest:
        return self.world.latest[topic][key]


def stands_alone(town: Town, key: str) -> bool:
    """Whether a name is kept as a key of its own alone: in nothing that is kept under another one, nor in a value."""
    kept = [(name.decode(), value) for name, value in town.world.table().items()] + town.world.compacted()
    return {name for name, value in kept if key in name or key.encode() in value} == {key}


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
