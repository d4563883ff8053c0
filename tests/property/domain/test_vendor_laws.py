"""Laws of what is changed in a vendor's list, for any list, whatever is known of its people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from events.outputs import AddressStatus, ContactProfile, Stop
from streams.demo.recount_stops import suppressions as recounted_suppressions
from streams.domain.contact import ContactState, profile
from streams.domain.pressure import KnownProfile, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.vendors.reconciling import (
    ListedPerson,
    TagQuestion,
    VendorOutcome,
    suppression_outcome,
    tag_outcome,
)
from streams.domain.vendors.standing import NamedContact, suppression_of
from streams.domain.vendors.tags import removes_too_many

AT = 1_770_224_400_000
PAST, AHEAD = "2026-02-04T16:59:00.000Z", "2026-02-04T17:01:00.000Z"
QUESTION = TagQuestion(channel_rules(default_policy()), AT)
REF = "0123456789abcdef"
STATUSES: list[AddressStatus] = ["ok", "soft_bouncing", "hard_bounced", "complained"]


def stop(reason: str, until: str | None = None) -> Stop:
    said: Stop = {"reason": reason, "at": PAST, "source": "s", "id": reason}
    if until is not None:
        said["until"] = until
    return said


@dataclass(frozen=True)
class Facts:
    """What is known of a contact, from which profile and oracle are made apart."""

    of_all: str | None = None
    until: str | None = None
    own: str | None = None
    consent: bool | None = None
    status: AddressStatus | None = "ok"
    erased: bool = False
    unknown: bool = False

    @property
    def profile(self) -> KnownProfile:
        if self.unknown:
            return None
        if self.erased:
            return "erased"
        said: ContactProfile = profile("c", ContactState())
        if self.of_all is not None:
            said["stops"]["all"] = stop(self.of_all, self.until if self.of_all == "suppressed" else None)
        if self.own is not None:
            said["stops"]["email"] = stop(self.own)
        if self.consent is not None:
            said["consent"]["email"] = self.consent
        if self.status is not None:
            said["addresses"] = [{"ref": REF, "channel": "email", "status": self.status}]
        return said

    @property
    def is_suppressed(self) -> bool:
        """As the contract says of `contact-suppressions`, at the time of these tests."""
        if self.unknown or self.erased:
            return self.erased and not self.unknown
        binds = self.of_all in ("deceased", "do_not_contact")
        binds |= self.of_all == "suppressed" and self.until != PAST
        return binds or self.own is not None

    @property
    def is_closed(self) -> bool:
        """As docs/policy.md says of the policy that comes with Harmonia."""
        return self.is_suppressed or self.consent is False or self.status in ("hard_bounced", "complained")


FACTS = st.builds(
    Facts,
    st.sampled_from([None, None, "deceased", "do_not_contact", "suppressed"]),
    st.sampled_from([None, PAST, AHEAD]),
    st.sampled_from([None, None, "unsubscribed", "complained", "consent_withdrawn"]),
    st.sampled_from([None, None, True, False]),
    st.sampled_from([*STATUSES, None]),
    st.booleans().flatmap(lambda often: st.just(value=False) if often else st.booleans()),
    st.booleans().flatmap(lambda often: st.just(value=False) if often else st.booleans()),
)


@dataclass(frozen=True)
class Row:
    """One person of a vendor's list: who is known under each identifier, and whether they are held there."""

    facts: Sequence[tuple[Facts, bool]]
    held: bool
    closed_there: bool
    readable: bool = True

    @property
    def person(self) -> ListedPerson:
        names = tuple((f"email:{number:032x}",) for number in range(len(self.facts)))
        return ListedPerson("1", "1", names, (REF,) if self.readable and names else (), self.closed_there)

    @property
    def is_suppressed(self) -> bool:
        return any(facts.is_suppressed for facts, _ in self.facts)

    @property
    def found(self) -> list[NamedContact]:
        return [NamedContact(str(at), each.profile, member) for at, (each, member) in enumerate(self.facts)]

    def suppressed(self) -> VendorOutcome:
        return suppression_outcome(self.person, self.found, is_held=self.held, at=AT)

    def tagged(self) -> VendorOutcome:
        return tag_outcome(self.person, self.found, QUESTION, is_held=self.held)

    def after(self, outcome: VendorOutcome) -> "Row":
        """The row once the vendor has done as it was told."""
        return replace(self, held={"add": True, "remove": False, "leave": self.held}[outcome.act])


ROWS = st.builds(
    Row, st.lists(st.tuples(FACTS, st.booleans()), max_size=3), st.booleans(), st.booleans(), st.booleans()
)


def belongs(row: Row) -> bool:
    """Whether a person of whom anything can be read is to have the tag."""
    known = [(facts, member) for facts, member in row.facts if not facts.unknown]
    if not known or row.closed_there or any(facts.is_suppressed for facts, _ in known):
        return False
    facts, is_member = known[0]
    return is_member and not facts.is_closed


@given(ROWS)
def test_what_was_changed_is_not_changed_again(row: Row) -> None:
    assert row.after(row.suppressed()).suppressed().act == "leave"
    assert row.after(row.tagged()).tagged().act == "leave"


@given(ROWS)
def test_suppressions_are_only_ever_added_and_those_of_everybody_who_is_suppressed(row: Row) -> None:
    outcome = row.suppressed()
    assert outcome.act != "remove"
    assert (outcome.act == "add") == (row.is_suppressed and row.readable and not row.held)
    assert not row.readable or row.after(outcome).held >= row.is_suppressed


@given(ROWS)
def test_nobody_who_is_closed_or_no_member_has_the_tag_afterwards_and_every_other_member_has(row: Row) -> None:
    after = row.after(row.tagged())
    if row.person.refs:
        assert after.held == belongs(row)
    else:
        assert after.held == (row.held and not row.is_suppressed), "left alone, unless they are suppressed"


@given(FACTS)
def test_a_suppression_is_that_which_the_topic_says(facts: Facts) -> None:
    known = replace(facts, until=None).profile
    told = {"erased": {"reason": "erased"}}.get(str(known), {})
    if isinstance(known, dict):
        told = dict(recounted_suppressions(known["stops"]).get("email", {}))  # type: ignore[arg-type]
    assert suppression_of(known, AT) == told.get("reason")


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 100))
def test_a_tag_is_taken_off_at_most_the_share_that_is_allowed(removed: int, held: int, most: int) -> None:
    assert removes_too_many(removed, held, most) == (removed > most / 100 * held + 1e-9)


def test_of_two_addresses_of_a_person_the_one_that_the_vendor_writes_to_is_judged() -> None:
    said = Facts(status="hard_bounced").profile
    assert isinstance(said, dict)
    said["addresses"] = [*said["addresses"], {"ref": "f" * 16, "channel": "email", "status": "ok"}]
    [bounced, good] = [
        tag_outcome(
            ListedPerson("1", "1", (("email:" + "0" * 32,),), (ref,)),
            [NamedContact("c", said, is_member=True)],
            QUESTION,
            is_held=False,
        )
        for ref in (REF, "f" * 16)
    ]
    assert bounced == VendorOutcome("leave", "hard_bounced")
    assert good == VendorOutcome("add", "member")
