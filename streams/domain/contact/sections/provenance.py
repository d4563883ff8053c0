"""The profile's `provenance`: where what is known of a person comes from, as far as interactions have said so.

Interactions that say the same of it are one entry. Addresses are shown as those interactions named them, so by the key
that their hashes had then.
"""

from collections.abc import Iterable, Sequence

from events.identifiers import is_address_hash, ref_of
from events.outputs import AddressRef, ProvenanceItem
from events.times import render_time
from streams.domain.contact.state import ContactState, Fact, Origin


def provenance(contact_id: str, state: ContactState, origins: Sequence[Fact]) -> list[ProvenanceItem]:
    """The entries, the earliest first. `origins`: the facts that count and have an origin, in order."""
    of_each: dict[Origin, list[Fact]] = {}
    for fact in origins:
        if fact.origin is not None:
            of_each.setdefault(fact.origin, []).append(fact)
    own = contact_id if not state.mixed and is_address_hash(contact_id) else ""
    return [_item(origin, facts, _named(facts, own, state)) for origin, facts in of_each.items()]


def _named(facts: Iterable[Fact], own: str, state: ContactState) -> set[str]:
    """The hashes of the addresses that facts name. `own`: that of the fragment, which all of them do; empty: none."""
    named = {own} if own else set()
    for number in {fact.carried for fact in facts}:
        if isinstance(number, int) and number:
            named.update(name for name, _ in state.carried[number - 1].others if is_address_hash(name))
    return named


def _item(origin: Origin, facts: Sequence[Fact], named: Iterable[str]) -> ProvenanceItem:
    first = facts[0]
    item: ProvenanceItem = {
        "kind": origin.kind,
        "first_at": render_time(first.time),
        "last_at": render_time(facts[-1].time),
        "count": len(facts),
        "addresses": [_address(hashed) for hashed in sorted(named)],
        "source": first.source,
        "id": first.id,
    }
    if origin.obtained_at is not None:
        item["obtained_at"] = render_time(origin.obtained_at)
    if origin.file is not None:
        item["file"] = origin.file
    if origin.notice is not None:
        item["notice"] = origin.notice
    return item


def _address(hashed: str) -> AddressRef:
    return {"ref": ref_of(hashed), "channel": "email" if hashed.startswith("email") else "phone"}
