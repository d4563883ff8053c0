"""What has to come out: each fragment's record by itself, persons from the whole graph, one fold over all of a person.

Apart from the way that is tested: nothing here is versioned, sent or forgotten later.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import orjson

from events.envelope import Interaction
from events.identifiers import Hasher
from events.json_types import JSON
from streams.domain.contact import ContactState, fold, profile
from tests.property.domain.identity import oracle
from tests.property.worker.links import ledger_truth
from tests.property.worker.links.hearing import Heard, Key, binds, counting, hear, opens, pair_of
from tests.property.worker.links.ledger_truth import CHANNELS

CROWD = 50


@dataclass
class Truth:
    """`records`: by fragment, all that was heard of it and may count; `erased`: by node, the latest erasure of it.

    `receipts`: canonical id and command of each erasure that is not older than one known of that id; `others`: what
    else may have one, as an older erasure, or the fragment of a command that has not heard yet who speaks for it.
    """

    records: dict[str, dict[Key, Heard]] = field(default_factory=lambda: defaultdict(dict))
    erased: dict[str, Heard] = field(default_factory=dict)
    receipts: set[tuple[str, str]] = field(default_factory=set)
    others: set[tuple[str, str]] = field(default_factory=set)

    def hear(self, interaction: Interaction, hasher: Hasher, appended_at: int) -> None:
        fragment, heard = hear(interaction, hasher, appended_at)
        mark = self.erased.get(fragment)
        if mark is not None and heard.said.time <= mark.said.time:
            return
        if heard.said.type == "contact.erased":
            self._erase(fragment, heard)
        elif not self._hangs_on_others(fragment, heard) or self._may_be_anew(fragment):
            self.records[fragment].setdefault(heard.key, heard)

    def hangs_on_others(self, interaction: Interaction, hasher: Hasher) -> bool:
        """Whether it counts only if the person has begun anew under another identifier."""
        fragment, heard = hear(interaction, hasher, 0)
        return heard.said.type != "contact.erased" and self._hangs_on_others(fragment, heard)

    def is_in_vain(self, interaction: Interaction, hasher: Hasher) -> bool:
        """Whether it is dropped, since the person was erased and has not begun anew."""
        fragment, _ = hear(interaction, hasher, 0)
        return self.hangs_on_others(interaction, hasher) and not self._may_be_anew(fragment)

    def _hangs_on_others(self, fragment: str, heard: Heard) -> bool:
        return not (self._has_begun(fragment) or opens(heard) or binds(heard))

    def _has_begun(self, fragment: str) -> bool:
        """Whether it has a record of its own, or began one after the erasure if there was one."""
        record = self.records.get(fragment, {}).values()
        return fragment not in self.erased or any(map(opens, record))

    def _may_be_anew(self, fragment: str) -> bool:
        """A roof is told by its parts; whoever is under one takes it that there is a record."""
        roofs = self.roofs()
        if roofs.get(fragment, fragment) != fragment:
            return True
        others = [name for name, roof in roofs.items() if roof == fragment and name != fragment]
        return any(self._lives(name) for name in others)

    def _lives(self, fragment: str) -> bool:
        record = self.records.get(fragment, {}).values()
        return self._has_begun(fragment) and any(not heard.is_command for heard in record)

    def _erase(self, fragment: str, heard: Heard) -> None:
        """The command itself may name somebody; who was erased by a later one has only what came after that."""
        self.records[fragment][heard.key] = heard
        roofs = self.roofs()
        del self.records[fragment][heard.key]
        roof = roofs.get(fragment, fragment)
        is_latest = roof not in self.erased or self.erased[roof].said.time < heard.said.time
        (self.receipts if is_latest else self.others).add((roof, heard.said.id))
        self.others.add((fragment, heard.said.id))
        for node in {fragment, *(name for name, above in roofs.items() if above == roof)}:
            if node not in self.erased or self.erased[node].said.time < heard.said.time:
                self.records.pop(node, None)
                self.erased[node] = heard

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
            if (seen := self._seen(roof, fragments)) is not None:
                happened = {name: [each for each in heard if not each.is_command] for name, heard in seen.items()}
                lived = [name for name, heard in happened.items() if heard]
                state, _ = fold(ContactState(), [each.fact for name in lived for each in happened[name]])
                whole: dict[str, JSON] = orjson.loads(orjson.dumps(profile(roof, state)))
                del whole["version"]
                shown[roof] = whole | {"merged_from": [name for name in lived if name != roof]}
                self._told_by_all(shown[roof], seen)
        return shown

    def _seen(self, roof: str, fragments: list[str]) -> dict[str, list[Heard]] | None:
        """What a profile is made of, by fragment; None: there is none.

        Before a new record begins only what binds, and that only if the person is to be left alone.
        """
        seen = {name: [*self.records[name].values()] for name in fragments}
        everything = [each for heard in seen.values() for each in heard]
        suppressed = {each.key for each in everything if each.said.type == "contact.suppressed"}
        if any(self._lives(name) and any(_is_more(each, suppressed) for each in seen[name]) for name in fragments):
            return seen
        left_alone = any(each.key in suppressed for each in counting({each.key: each for each in everything}))
        if roof in self.forgotten() or not left_alone:
            return None
        return {name: [each for each in heard if binds(each)] for name, heard in seen.items()}

    def _told_by_all(self, shown: dict[str, JSON], seen: dict[str, list[Heard]]) -> None:
        """What a profile is told by whom the fragments named and by commands."""
        everything = [each for heard in seen.values() for each in heard]
        heard = counting({each.key: each for each in everything})
        told = [each for each in heard if each.said.type != "interaction.retracted"]
        newest = {old: name for each in everything for name, old in each.aliases}
        known = ledger_truth.addresses(told, newest)
        assert isinstance(shown["email"], dict)
        assert isinstance(shown["stops"], dict)
        shown["addresses"] = [*known]
        shown["email"]["status"] = ledger_truth.best(known)
        shown.pop("provenance", None)
        if origins := ledger_truth.provenance(told):
            shown["provenance"] = origins
        shown.pop("consent_ledger", None)
        if ledger := ledger_truth.consent_ledger(told):
            shown["consent_ledger"] = ledger
        last = ledger_truth.suppression(told)
        if last is not None and "all" not in shown["stops"]:
            why = ledger_truth.why("suppressed", last, ledger_truth.field(last, "until"))
            assert isinstance(why, dict)
            shown["stops"]["all"] = {"at" if name == "since" else name: value for name, value in why.items()}

    def forgotten(self) -> dict[str, Heard]:
        """By roof, the latest erasure of any identifier of the person of today, heard of or not since."""
        roofs, found = self.roofs(), dict[str, Heard]()
        for name, heard in self.erased.items():
            roof = roofs.get(name, name)
            found[roof] = max(heard, found.get(roof, heard), key=lambda each: each.stamp)
        return found

    def merged(self) -> dict[str, str]:
        return {name: roof for name, roof in self.roofs().items() if name != roof}

    def closed(self) -> dict[str, JSON]:
        """Who may not be contacted, and why."""
        closed: dict[str, JSON] = {}
        profiles = self.profiles()
        for roof, fragments in self.persons().items():
            heard = counting({each.key: each for name in fragments for each in self.records[name].values()})
            if shut := ledger_truth.closed(each for each in heard if each.said.type != "interaction.retracted"):
                closed[roof] = shut
        for roof, erasure in self.forgotten().items():
            if roof not in profiles:
                closed[roof] = dict.fromkeys(CHANNELS, ledger_truth.why("erased", erasure))
        return closed


def _is_more(heard: Heard, suppressed: Collection[Key]) -> bool:
    """Whether it is more than a command, or a word that takes a suppression back."""
    retracts = getattr(heard.said.data, "retracts", None)
    return not heard.is_command and (retracts is None or (retracts.source, retracts.id) not in suppressed)
