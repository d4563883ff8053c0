"""An interaction as its fragment holds it, for those who know what has to come of it."""

from dataclasses import dataclass

from msgspec.structs import replace

from events.envelope import Interaction
from events.harmonised import harmonise, read_harmonised
from events.identifiers import Hasher
from events.interactions.base import Provenance
from events.json_types import JSON
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact

Key = tuple[str, str]
Stamp = tuple[int, str, str]
OPENERS = ("donation.made", "form.submitted", "consent.changed")
NOES = ("email.unsubscribed", "email.complained", "text.opted_out")
DECISIONS = (
    *("interaction.retracted", "contact.linked", "contact.unlinked", "contact.suppressed"),
    *("contact.provenance_forgotten", "contact.purpose_forgotten"),
)


@dataclass(frozen=True)
class Heard:
    """One interaction as its fragment holds it, with the hashes and classes that it named."""

    said: Interaction
    fact: Fact
    named: dict[str, str]
    aliases: tuple[Key, ...]
    appended_at: int

    @property
    def key(self) -> Key:
        return self.said.source, self.said.id

    @property
    def stamp(self) -> Stamp:
        return self.said.time, self.said.source, self.said.id

    @property
    def is_command(self) -> bool:
        return self.said.type.startswith("contact.")


def hear(interaction: Interaction, hasher: Hasher, appended_at: int) -> tuple[str, Heard]:
    """What is left of a forgotten source is nothing that anybody can send: it is heard as from the person."""
    source = getattr(interaction.data, "provenance", None)
    left: Provenance | None = source if source is not None and source.kind == "forgotten" else None
    sent = interaction if left is None else _from(left.model_copy(update={"kind": "self"}), interaction)
    fragment, value = harmonise(sent, hasher)
    read = read_harmonised(value)
    assert isinstance(read, Interaction)
    read = read if left is None else _from(left, read)
    plain = read.data.plain().get("contact")
    contact: dict[str, JSON] = plain if isinstance(plain, dict) and "contact_ids" not in read.data.plain() else {}
    fact = fact_of((read.id, read.source, read.type, None), read.time, read.data, appended_at)
    aliases = contact.get("aliases") or {}
    assert isinstance(aliases, dict)
    pairs = tuple(
        (name, str(old)) for name, older in aliases.items() for old in (older if isinstance(older, list) else [])
    )
    return fragment, Heard(read, replace_carried(fact), named(contact), pairs, appended_at)


def _from(source: Provenance, said: Interaction) -> Interaction:
    return replace(said, data=said.data.model_copy(update={"provenance": source}))


def replace_carried(fact: Fact) -> Fact:
    """What a profile is made of: whom it named is nothing to it."""
    return replace(fact, carried=0)


def named(contact: dict[str, JSON]) -> dict[str, str]:
    """The identifiers with their classes."""
    found = {str(contact[kind]): "" for kind in ("contact_id", "email", "phone") if kind in contact}
    if "voter_id" in contact:
        found[str(contact["voter_id"])] = f"voter:{contact['voter_state']}"
    external = contact.get("external") or {}
    assert isinstance(external, dict)
    return found | {str(name): f"external:{system}" for system, name in external.items()}


def counting(record: dict[Key, Heard]) -> list[Heard]:
    gone = {
        (heard.said.data.retracts.source, heard.said.data.retracts.id)  # type: ignore[attr-defined]
        for heard in record.values()
        if heard.said.type == "interaction.retracted"
    }
    return [heard for key, heard in record.items() if key not in gone or heard.said.type == "interaction.retracted"]


def opens(heard: Heard) -> bool:
    if heard.said.type == "consent.changed":
        told = heard.said.data.plain()
        return told["granted"] is True and not any(told.get(scope) for scope in ("list_id", "sender", "purpose"))
    return heard.said.type in OPENERS


def binds(heard: Heard) -> bool:
    """Whether it is heard before a new record begins."""
    granted, outcome = (getattr(heard.said.data, name, None) for name in ("granted", "outcome"))
    is_no = granted is False or outcome in ("do_not_contact", "refused", "deceased")
    return is_no or heard.said.type in (*NOES, *DECISIONS)


def pair_of(one: str, other: str) -> Key:
    return min(one, other), max(one, other)
