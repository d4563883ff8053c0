"""Which e-mail addresses and phone numbers a person was named by, and how each of them answers.

A fact does not repeat what its fragment is called, so whom it names is told by its fragment and by what it carried. An
interaction that names both speaks of one: mail of the e-mail address, a wrong number of the phone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.identifiers import is_address_hash, ref_of
from events.interactions.base import Channel
from events.outputs import Address, AddressStatus
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.identity.identity_status import CarriedIdentifiers
from streams.domain.contact.sections.messages import SOFT_BOUNCES, Mailbox, Message, all_mailboxes, one_mailbox
from streams.domain.contact.state import ContactState, Fact

BADNESS: tuple[AddressStatus, ...] = ("ok", "soft_bouncing", "wrong_number", "hard_bounced", "complained")
"""Worse ones later."""


def addresses(contact_id: str, state: ContactState, found: FactIndex) -> list[Address]:
    """The profile's `addresses`. `found`: the evidence of the state's facts that count."""
    own = contact_id if not state.mixed and is_address_hash(contact_id) else ""
    is_known = bool(own and (found.counted or state.settled.totals.counts))
    if not (state.carried or state.settled.carried):  # so it is with most: no other address was named
        return [_address(own, _statuses(_Naming((), own), state, found).get(own, "ok"))] if is_known else []
    hashes = {own} if is_known else set()
    counting = _that_count(found.counted, state)
    hashes.update(name for carried in counting for name, _ in carried.others if is_address_hash(name))
    if not hashes:
        return []
    newer = _newer(state)
    naming = _Naming(state.carried, own, newer)
    if newer:
        hashes = {naming.newest(hashed) for hashed in hashes}
    status = _statuses(naming, state, found)
    return [_address(hashed, status.get(hashed, "ok")) for hashed in sorted(hashes)]


def best_email(known: Iterable[Address]) -> AddressStatus:
    """The profile's `email.status`: that of the least bad e-mail address; `ok` where none is known."""
    statuses = [address["status"] for address in known if address["channel"] == "email"]
    if not statuses or "ok" in statuses:
        return "ok"
    return min(statuses, key=BADNESS.index)


def mailboxes(sent: Iterable[tuple[Fact, Message]], table: Sequence[CarriedIdentifiers]) -> dict[str, Mailbox]:
    """How each e-mail address took what was sent. Empty stands for the one that no `table` names: the fragment's."""
    found: dict[str, Mailbox] = {}
    for fact, said in sent:
        if (box := _mailbox(fact, said)) is not None:
            address = _carried(fact, "email", table)
            found[address] = one_mailbox(found.get(address), box)
    return all_mailboxes(found)


def _mailbox(fact: Fact, message: Message) -> Mailbox | None:
    if fact.type == "email.delivered":
        return Mailbox(delivered=fact.stamp)
    if fact.type == "email.bounced":
        return Mailbox(hard=True) if message.kind == "hard" else Mailbox(soft=(fact.stamp,))
    return None


class _Naming(Struct, frozen=True):
    """Whom facts name. `own`: the address that all of them do; `newer`: see `_newer`."""

    table: tuple[CarriedIdentifiers, ...]
    own: str = ""
    newer: Mapping[str, str] = {}

    def of(self, fact: Fact, kind: Channel) -> str:
        """The address of this kind that a fact names; empty for none."""
        return _carried(fact, kind, self.table) or (self.own if self.own.startswith(kind) else "")

    def newest(self, hashed: str) -> str:
        """The same address under the newest key."""
        seen: list[str] = []
        while hashed in self.newer:
            if hashed in seen:  # keys that were changed there and back
                return min(seen[seen.index(hashed) :])
            seen.append(hashed)
            hashed = self.newer[hashed]
        return hashed


def _newer(state: ContactState) -> Mapping[str, str]:
    """Hashes of addresses by those under older keys."""
    return {
        old: name
        for carried in (*state.carried, *state.settled.carried)
        for name, old in carried.aliases
        if is_address_hash(name)
    }


def _that_count(counted: Collection[Fact], state: ContactState) -> Iterable[CarriedIdentifiers]:
    """What these facts named, with what messages did that have settled."""
    if len(counted) == len(state.facts) and not state.commands:
        return (*state.carried, *state.settled.carried)
    numbers = {fact.carried for fact in counted}
    known = {state.carried[number - 1] for number in numbers if isinstance(number, int) and number}
    return known.union(state.settled.carried)


def _carried(fact: Fact, kind: Channel, table: Sequence[CarriedIdentifiers]) -> str:
    """The address of this kind that a fact names besides its fragment."""
    if not isinstance(fact.carried, int) or not fact.carried:
        return ""
    others = table[fact.carried - 1].others
    return next((name for name, _ in others if name.startswith(kind) and is_address_hash(name)), "")


def _statuses(naming: _Naming, state: ContactState, found: FactIndex) -> dict[str, AddressStatus]:
    """By the newest hash of an address, if anything is known of it; of most nothing is."""
    if not (found.reports or found.consents or found.failed or state.settled.mailboxes):
        return {}
    said: list[tuple[str, AddressStatus]] = []
    for fact, report in found.reports:
        if report.outcome == "wrong_number":
            said.append((naming.of(fact, "phone"), "wrong_number"))
    for fact, _ in found.consents:
        if fact.type == "email.complained":
            said.append((naming.of(fact, "email"), "complained"))
    if state.settled.mailboxes or found.failed:
        said += _of_mail(naming, state, found)
    worst: dict[str, AddressStatus] = {}
    for hashed, status in said:
        name = naming.newest(hashed)
        worst[name] = max(worst.get(name, "ok"), status, key=BADNESS.index)
    return worst


def _of_mail(naming: _Naming, state: ContactState, found: FactIndex) -> list[tuple[str, AddressStatus]]:
    own = naming.own if naming.own.startswith("email") else ""
    known = all_mailboxes(state.settled.mailboxes, mailboxes(_mail(found.counted), naming.table))
    boxes = all_mailboxes(*({naming.newest(hashed or own): box} for hashed, box in known.items()))
    return [(hashed, _status(box)) for hashed, box in boxes.items() if hashed]


def _mail(counted: Iterable[Fact]) -> Iterable[tuple[Fact, Message]]:
    return ((fact, fact.detail) for fact in counted if isinstance(fact.detail, Message))


def _status(box: Mailbox) -> AddressStatus:
    if box.hard:
        return "hard_bounced"
    bouncing = len(box.soft) == SOFT_BOUNCES and (box.delivered is None or box.soft[0] > box.delivered)
    return "soft_bouncing" if bouncing else "ok"


def _address(hashed: str, status: AddressStatus) -> Address:
    channel: Channel = "email" if hashed.startswith("email") else "phone"
    return {"ref": ref_of(hashed), "channel": channel, "status": status}


def explicit(fragment: str, state: ContactState) -> ContactState:
    """The state of a fragment with its own address among those that its facts carry, so that it may be mixed."""
    boxes = {**state.settled.mailboxes}
    own = boxes.pop("", None)
    if not is_address_hash(fragment):
        return replace(state, settled=replace(state.settled, mailboxes=boxes)) if own else state
    me = (fragment, "")
    table = tuple(replace(carried, others=(*carried.others, me)) for carried in state.carried)
    if not all(fact.carried for fact in state.facts.values()):
        table = (*table, CarriedIdentifiers((me,)))
    facts = {key: fact if fact.carried else replace(fact, carried=len(table)) for key, fact in state.facts.items()}
    if own is not None and fragment.startswith("email"):
        boxes[fragment] = own
    named = state.settled.carried
    if state.settled.totals.counts:
        named = tuple(sorted({*named, CarriedIdentifiers((me,))}))
    return replace(state, facts=facts, carried=table, settled=replace(state.settled, carried=named, mailboxes=boxes))
