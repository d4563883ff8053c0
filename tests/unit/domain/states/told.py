"""A town in which everything happens that a state can be of: what the fixtures of all formats hold.

A new kind of fact or field is told at the end, so that what was written before stays as it was.
"""

from collections.abc import Mapping

from events.contact import Contact
from events.identifiers import Hasher
from events.identity_links import CommandStamp
from events.json_types import JSON
from events.registry import MODELS
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.identity import Node
from streams.domain.identity.deferred_erasures import DeferredRecord, ErasureWait
from streams.domain.identity.nodes import ErasureMark, PairRuling
from tests.property.worker.links.sayings import interaction
from tests.property.worker.links.world import World
from tests.unit.domain.contact.said import DAY, HOUR
from tests.unit.domain.human.people import CHROME
from tests.unit.events.records import NOW, REQUIRED

Fields = dict[str, JSON]
ADA: Fields = {"contact_id": "crm.ada", "region": "US-NY", "time_zone": "America/New_York", "postal_code": "10001"}
BO: Fields = {"voter_id": "ny:17", "region": "US-NY"}
CYD: Fields = {"external": {"van": "c-3"}}
DOT: Fields = {"email": "dot@example.org"}
NOON = NOW - 10 * DAY
LATER = NOW
"""Messages of the beginning have settled by then."""

GIFT: Fields = {
    "amount": 2500,
    "committee": "C1",
    "pledge_id": "p",
    "period": "monthly",
    "election": "P2012",
    "instalment": 2,
}
REPORT: Fields = {
    "report_id": "r",
    "support": 2,
    "answers": {"van:1": "jobs", "van:2": 1, "van:3": 1.5, "van:4": True},
    "tags_added": ["host"],
    "tags_removed": ["driver"],
    "team": "field",
}
TERMS: Fields = {
    "purpose": "fundraising",
    "controller": "list-2026",
    "wording": "form-7/v3",
    "proof": "scan:0417",
    "basis": "consent",
}
ROLL: Fields = {
    "kind": "voter_list",
    "of_age": True,
    "age_band": "25-34",
    "sex": "f",
    "polling_station": "75111-0012",
    "purpose": "municipales-2026",
}
ORIGIN: Fields = {
    "kind": "rented",
    "obtained_at": "2012-02-01T00:00:00Z",
    "file": "broker:17",
    "notice": "art14/v1",
}
MAIL: Fields = {"purpose": "fundraising", "team": "digital"}


def detail_of(type_: str) -> type:
    """The class of the detail that is kept of a type: NoneType where none is."""
    data = MODELS[type_].model_validate({"contact": ADA, **REQUIRED[type_]})
    return type(fact_of(("1", "team/a", type_, None), NOON, data, NOON).detail)


class Told:
    """The world after the story. What is said gets ids in its order."""

    def __init__(self) -> None:
        self.world = World(Hasher([b"key", b"old"]))
        self._count = 0
        self._kept: set[type] = set()
        self._of_ada()
        self._of_a_household()
        self._of_the_erased()
        self._of_experiments()
        self._of_every_other_detail()
        self._of_consents()
        self._of_the_forgotten()
        self._of_the_roll()

    @property
    def contacts(self) -> Mapping[bytes, bytes]:
        """The contacts table."""
        return self.world.table()

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The links table, with nodes that take more than a story."""
        by = CommandStamp(NOON, "office/desk", "c-1")
        full = Node(saturated=True, roof="crm.z", mark=ErasureMark("crm.z", by), erased=by, marked=("crm.y",))
        ruled = Node(
            "voter:NY", {"crm.a": ("crm.b",)}, {"voter:0": ("crm.b",)}, {"crm.d": PairRuling(same=False, by=by)}
        )
        erased = DeferredRecord(b"erased/crm.held", b"{}", 7, NOON)
        waiting = ErasureWait(
            {"crm.held": 7}, {"voter:0": 7}, {"voter:1": DeferredRecord(b"seen/1", None, 8, NOON)}, (erased,)
        )
        held = Node(held="crm.held", waiting=waiting)
        return {**self.world.nodes, "crm.full": full, "crm.ruled": ruled, "crm.held": held}

    def _say(self, type_: str, contact: Fields, at: tuple[int, int] = (NOON, NOON), **data: JSON) -> str:
        """`at`: when it happened, and when it was appended."""
        self._count += 1
        name = f"i{self._count}"
        about = {**REQUIRED[type_], **data} | ({"contact": contact} if contact else {})
        self._kept.add(detail_of(type_))
        self.world.say(interaction(type_, name, at[0], "team/a", about), at[1])
        self.world.settle()
        return name

    def _of_ada(self) -> None:
        """Everything that can be said of one contact, its messages settled and not."""
        for days, appended in ((0, NOON), (8, LATER)):
            began, message = NOON + days * DAY, f"m{days}"
            at, later = (began, appended), (began + HOUR, appended)
            self._say("email.sent", ADA, at, **MAIL, message_id=message)
            self._say("email.opened", ADA, later, message_id=message, user_agent=CHROME, machine=False)
            self._say("email.clicked", ADA, later, message_id=message, url="https://example.org/")
            self._say("email.bounced", {**ADA, **DOT}, at, message_id=f"{message}-b", kind="soft")
            self._say("text.delivered", ADA, at, **MAIL, message_id=f"t{days}")
            self._say("text.failed", ADA, at, message_id=f"t{days}-f")
        self._say("donation.made", ADA, (NOON, NOON), **GIFT)
        self._say("donation.refunded", ADA, committee="C1", donation_id="fec:1")
        self._say("donation.charge_failed", ADA, pledge_id="p")
        self._say("canvass.reported", ADA, (NOON, NOON), **REPORT)
        self._say("ballot.reported", ADA)
        self._say("consent.changed", ADA, channel="email", granted=False, list_id="news")
        self._say("text.opted_out", ADA, sender="62012")
        self._say("rsvp.made", ADA)
        gone = self._say("form.submitted", ADA)
        self._say("interaction.retracted", ADA, retracts={"source": "team/a", "id": gone})
        self._say("contact.suppressed", ADA, until="2013-01-01T00:00:00Z")

    def _of_a_household(self) -> None:
        """A roof with two parts, one of them by command; and one who is kept apart."""
        address = {"email": "bo@example.org", "phone": "212 555 0199"}
        self._say("email.opened", {"email": "bo@example.org"})
        self._say("donation.made", {**BO, **address}, amount=5000)
        self._say("form.submitted", CYD)
        names: list[JSON] = [self._name(BO), self._name(CYD)]
        self._say("contact.linked", {}, contact_ids=names)
        self._say("contact.unlinked", {}, contact_ids=[names[0], "crm.ada"])

    def _of_the_erased(self) -> None:
        """One who is only a mark, and one who has begun anew."""
        for name, again in (("crm.eve", False), ("crm.flo", True)):
            contact: Fields = {"contact_id": name}
            self._say("donation.made", {**contact, "email": f"{name}@example.org"}, (NOON - DAY, NOON))
            self._say("contact.erased", contact)
            if again:
                self._say("donation.made", contact, (NOON + HOUR, NOON))

    def _of_experiments(self) -> None:
        """One who is in several, by what has settled and by what has not, and whom something was read of."""
        gil: Fields = {"contact_id": "crm.gil", "household": "h-7"}
        for days, appended in ((0, NOON), (8, LATER)):
            at, opened = (NOON + days * DAY, appended), (NOON + days * DAY + HOUR, appended)
            for name in ("given", "dropped"):
                arm: JSON = {"id": f"{name}-{days}", "variant": "B"}
                self._say("email.sent", gil, at, message_id=f"{name}-{days}", experiment=arm)
            self._say("email.dropped", gil, at, message_id=f"dropped-{days}")
            self._say("email.opened", gil, opened, message_id=f"given-{days}", user_agent=CHROME)
            self._say("email.clicked", gil, opened, message_id=f"given-{days}", url="https://example.org/")
        self._say("experiment.assigned", gil, experiment={"id": "given-8", "variant": "A"}, cluster="c-9")
        self._say("canvass.reported", gil, turf="t-3", experiment={"id": "doors", "variant": "A"})

    def _of_consents(self) -> None:
        """One who has agreed to something, in words that are told."""
        hal: Fields = {"contact_id": "crm.hal"}
        self._say("consent.changed", hal, (NOON, NOON), **TERMS)
        self._say("consent.changed", hal, channel="text", granted=False, purpose="fundraising")
        self._say("donation.made", hal, (NOON, NOON), **GIFT, donation_id="fec:9", provenance=ORIGIN)

    def _of_the_forgotten(self) -> None:
        """One of whom only the key of what was said is left."""
        ida: Fields = {"contact_id": "crm.ida"}
        self._say("provenance.reported", ida, (NOON, NOON), provenance=ORIGIN)
        self._say("contact.provenance_forgotten", ida, (NOON + HOUR, NOON), kind="rented")

    def _of_the_roll(self) -> None:
        """One of whom an electoral roll says how old they are, and where they vote."""
        joy: Fields = {"contact_id": "crm.joy"}
        self._say("provenance.reported", joy, (NOON, NOON), provenance={**ROLL})

    def _of_every_other_detail(self) -> None:
        """A type of which something is kept that nothing above keeps: it is new, and needs no line here."""
        for type_ in MODELS:
            if detail_of(type_) not in self._kept:
                self._say(type_, ADA)

    def _name(self, contact: Fields) -> str:
        return self.world.hasher.fragment(Contact.model_validate(contact)) or ""
