"""What has to come out: each fragment's record by itself, persons from the whole graph, one fold over all of a person.

Apart from the way that is tested: nothing here is versioned, sent or forgotten later.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from events.envelope import Interaction
from events.harmonised import harmonise, read_harmonised
from events.identifiers import Hasher
from events.json_types import JSON
from streams.contact import ContactState, fold, profile
from streams.contact.facts import fact_of
from streams.contact.state import Fact
from tests.property.identity import oracle
from tests.property.links import ledger_truth
from tests.property.links.ledger_truth import CHANNELS

Key = tuple[str, str]
Stamp = tuple[int, str, str]
OPENERS = ("donation.made", "form.submitted", "consent.changed")
CROWD = 50


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


@dataclass
class Truth:
    """`records`: by fragment, all that was heard of it and may count."""

    records: dict[str, dict[Key, Heard]] = field(default_factory=lambda: defaultdict(dict))
    erased: dict[str, Heard] = field(default_factory=dict)
    markers: set[str] = field(default_factory=set)
    receipts: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, interaction: Interaction, hasher: Hasher, appended_at: int) -> None:
        fragment, heard = hear(interaction, hasher, appended_at)
        mark = self.erased.get(fragment)
        if mark is not None and heard.said.time <= mark.said.time:
            return
        if heard.said.type == "contact.erased":
            self._erase(fragment, heard)
            return
        record = self.records[fragment]
        if mark is not None and not any(not known.is_command for known in record.values()) and not opens(heard):
            return
        record.setdefault(heard.key, heard)

    def _erase(self, fragment: str, heard: Heard) -> None:
        """The command itself may name somebody; who was erased by a later one has only what came after that."""
        self.records[fragment][heard.key] = heard
        roofs = self.roofs()
        del self.records[fragment][heard.key]
        roof = roofs.get(fragment, fragment)
        for node in {fragment, *(name for name, above in roofs.items() if above == roof)}:
            self.markers.discard(node)
            if node not in self.erased or self.erased[node].said.time < heard.said.time:
                self.records.pop(node, None)
                self.erased[node] = heard
        self.markers.add(roof)
        self.receipts.append((roof, heard.said.id))

    def roofs(self) -> dict[str, str]:
        """The roof of each node that is named with another one."""
        seen, aliases, same, apart = self.links()
        names = {name for pair in (*seen, *aliases, *same, *apart) for name in pair}
        world = oracle.World(
            frozenset(names),
            {name: exclusive for name, exclusive in self.classes() if name in names},
            frozenset(seen),
            frozenset(aliases),
            frozenset(same),
            frozenset(apart),
        )
        return oracle.truth(world, CROWD).roofs

    def classes(self) -> Iterator[Key]:
        """Names with the class that was heard: of a fragment always, of others while what named them counts."""
        for fragment, record in self.records.items():
            told = [heard for heard in counting(record) if heard.said.type != "interaction.retracted"]
            for heard in record.values():
                for name, exclusive in heard.named.items():
                    if exclusive and (name == fragment or heard in told):
                        yield name, exclusive

    def links(self) -> tuple[set[Key], set[Key], set[Key], set[Key]]:
        """Pairs that were named together, that are one identifier, that are the same and that are not."""
        seen: set[Key] = set()
        aliases: set[Key] = set()
        rulings: dict[Key, Heard] = {}
        for fragment, record in self.records.items():
            for heard in counting(record):
                aliases.update(pair_of(*pair) for pair in heard.aliases)
                if heard.said.type in ("contact.linked", "contact.unlinked"):
                    pair = pair_of(*heard.said.data.contact_ids)  # type: ignore[attr-defined]
                    if pair not in rulings or rulings[pair].stamp < heard.stamp:
                        rulings[pair] = heard
                elif heard.said.type != "interaction.retracted":
                    seen.update(pair_of(fragment, name) for name in heard.named if name != fragment)
        same = {pair for pair, heard in rulings.items() if heard.said.type == "contact.linked"}
        return seen, aliases, same, rulings.keys() - same

    def persons(self) -> dict[str, list[str]]:
        """By roof, the fragments of which anything was heard."""
        roofs = self.roofs()
        persons: dict[str, list[str]] = defaultdict(list)
        for fragment in sorted(name for name, record in self.records.items() if record):
            persons[roofs.get(fragment, fragment)].append(fragment)
        return persons

    def profiles(self) -> dict[str, dict[str, JSON]]:
        """Each person's, folded at once from all that was said under any identifier."""
        shown: dict[str, dict[str, JSON]] = {}
        for roof, fragments in self.persons().items():
            lived = [name for name in fragments if any(not heard.is_command for heard in self.records[name].values())]
            if lived:
                heard = [each for name in lived for each in self.records[name].values() if not each.is_command]
                state, _ = fold(ContactState(), [each.fact for each in heard])
                whole: dict[str, JSON] = orjson.loads(orjson.dumps(profile(roof, state)))
                del whole["version"]
                shown[roof] = whole | {"merged_from": [name for name in lived if name != roof]}
                self._told_by_all(shown[roof], fragments)
        return shown

    def _told_by_all(self, shown: dict[str, JSON], fragments: list[str]) -> None:
        """What a profile is told by whom the fragments named and by commands."""
        heard = counting({each.key: each for name in fragments for each in self.records[name].values()})
        told = [each for each in heard if each.said.type != "interaction.retracted"]
        newest = {old: name for name in fragments for each in self.records[name].values() for name, old in each.aliases}
        known = ledger_truth.addresses(told, newest)
        assert isinstance(shown["email"], dict)
        assert isinstance(shown["stops"], dict)
        shown["addresses"] = [*known]
        shown["email"]["status"] = ledger_truth.best(known)
        stops = [each for each in told if each.said.type == "contact.suppressed"]
        if stops and "all" not in shown["stops"]:
            last = max(stops, key=lambda each: each.stamp)
            why = ledger_truth.why("suppressed", last, ledger_truth.field(last, "until"))
            assert isinstance(why, dict)
            shown["stops"]["all"] = {"at" if name == "since" else name: value for name, value in why.items()}

    def merged(self) -> dict[str, str]:
        return {name: roof for name, roof in self.roofs().items() if name != roof}

    def closed(self) -> dict[str, JSON]:
        """Who may not be contacted, and why."""
        closed: dict[str, JSON] = {}
        profiles, merged = self.profiles(), self.merged()
        for roof, fragments in self.persons().items():
            heard = counting({each.key: each for name in fragments for each in self.records[name].values()})
            if shut := ledger_truth.closed(each for each in heard if each.said.type != "interaction.retracted"):
                closed[roof] = shut
        for name in self.markers:
            if name not in profiles and name not in merged:
                closed[name] = dict.fromkeys(CHANNELS, ledger_truth.why("erased", self.erased[name]))
        return closed


def hear(interaction: Interaction, hasher: Hasher, appended_at: int) -> tuple[str, Heard]:
    fragment, value = harmonise(interaction, hasher)
    read = read_harmonised(value)
    assert isinstance(read, Interaction)
    plain = read.data.plain().get("contact")
    contact: dict[str, JSON] = plain if isinstance(plain, dict) and "contact_ids" not in read.data.plain() else {}
    fact = fact_of((read.id, read.source, read.type, None), read.time, read.data, appended_at)
    aliases = contact.get("aliases") or {}
    assert isinstance(aliases, dict)
    pairs = tuple(
        (name, str(old)) for name, older in aliases.items() for old in (older if isinstance(older, list) else [])
    )
    return fragment, Heard(read, replace_carried(fact), named(contact), pairs, appended_at)


def replace_carried(fact: Fact) -> Fact:
    """What a profile is made of: whom it named is nothing to it."""
    return Fact(fact.type, fact.time, fact.source, fact.id, fact.appended_at, fact.zones, fact.detail)


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
        return bool(heard.said.data.granted)  # type: ignore[attr-defined]
    return heard.said.type in OPENERS


def pair_of(one: str, other: str) -> Key:
    return min(one, other), max(one, other)
