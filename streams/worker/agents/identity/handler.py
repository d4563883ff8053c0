"""Handles records of `identity-links`: states of nodes, identity changes and alerts, without side effects.

So a chunk can be folded again. The records are Harmonia's own. One that cannot be read is counted and passed over: its
bytes may name a person, and no reader of dead letters could mend it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from hashlib import blake2b

import orjson

from events.identity_links import (
    OVERDUE,
    CanonicalId,
    DecisionWithdrawal,
    EdgeWithdrawal,
    ErasureCompletion,
    FragmentErasure,
    IdentityEdge,
    IdentityLink,
    LinkDecision,
    read_link,
    write_canonical_id,
)
from events.outputs import EvidenceItem, SystemAlert
from events.refusal import Refusal
from events.times import render_time
from events.topics import CONTACT_ROOFS, SYSTEM_ALERTS, Agent
from sinks.keys import partition_of
from streams.domain.identity import CanonicalIdChange, FindingKind, IdentityFold, LinkFinding, LinkRecord, Node
from streams.engine.decoded_states import States
from streams.engine.runs import KafkaRecord, Records
from streams.engine.table_partition import Effects
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import GENERATION_BITS

STAGE: Agent = "links"
POLICY_VERSION = "1"
REFUSED = "refused"
KINDS: Mapping[type[IdentityLink], str] = {
    IdentityEdge: "seen",
    EdgeWithdrawal: "unseen",
    LinkDecision: "said",
    DecisionWithdrawal: "unsaid",
    FragmentErasure: "erased",
    ErasureCompletion: "forgotten",
}
"""The label of each kind of record in metrics."""
WAITING_ERASURES = "waits"
"""In a partition's memory: the fragments whose erasure waits for answers."""
_WAITS = b"waits"
_DETAILS: Mapping[FindingKind, str] = {
    "crowded": "more contacts carry this identifier than may share one: it links nobody while they do",
    "disputed": "people who conflict share this identifier (two voter ids of a state, or two ids in one system): "
    "it links nobody while they do; a command can say whose it is",
    "overruled": "so many commands name this contact that none is kept any more that links it: take back what is wrong",
    "saturated": "so many contacts carry this identifier that they are not kept: it links nobody until a rebuild",
}


class LinkRecordsHandler:
    """Folds one chunk, and holds what came of it: effects, kinds of records and findings, counted.

    Parameters:
        states: those of the nodes before the chunk; versions of a later generation of theirs are higher.
        partitions: of the topics that are written to.
        crowd: the most contacts that may share an identifier which links.
    """

    def __init__(self, states: States[Node], partitions: int, crowd: int) -> None:
        self._states = states
        self._generation = states.generation
        self._partitions = partitions
        self._folding = IdentityFold(self._read, crowd)
        self.effects: Effects[Node] = Effects()
        self.kinds: Counter[str] = Counter()
        self.refused: list[tuple[int, Refusal]] = []

    @property
    def findings(self) -> Counter[FindingKind]:
        """How many identifiers link nobody from now on, by why."""
        return Counter(found.finding for found in self._folding.findings)

    def take(self, records: Records) -> None:
        """Fold the records in their order. `refused`: the offsets of those that say nothing, and why."""
        self._folding.take([heard for record in records if (heard := self._hear(record)) is not None])
        self._see_who_waits(is_overdue=any(record.key == OVERDUE for record in records))
        self.effects.changes.update((name.encode(), node) for name, node in self._folding.changes.items())
        self.effects.outputs += map(self._roof, self._folding.roofs)
        self.effects.outputs += map(self._alert, self._folding.findings)

    def _see_who_waits(self, *, is_overdue: bool) -> None:
        """Note the fragments whose erasure waits, beside the states, for whoever has this partition next."""
        before = frozenset(orjson.loads(self._states.beside(_WAITS) or b"[]"))
        changes = self._folding.changes
        begun = {name for name, node in changes.items() if node is not None and node.waiting is not None}
        waits = self._states.memory[WAITING_ERASURES] = before.difference(changes) | begun
        if waits != before:
            self.effects.beside[_WAITS] = orjson.dumps(sorted(waits)) if waits else None
        if is_overdue:
            self._folding.ask_again(waits)

    def _hear(self, record: KafkaRecord) -> LinkRecord | None:
        if record.key == OVERDUE:
            self.kinds["overdue"] += 1
            return None
        link = read_link(record.key, record.value)
        if isinstance(link, Refusal):
            self.kinds[REFUSED] += 1
            self.refused.append((record.offset, link))
            return None
        self.kinds[KINDS[type(link)]] += 1
        return LinkRecord(link, record.offset, record.timestamp)

    def _read(self, names: Collection[str]) -> Mapping[str, Node | None]:
        found = self._states.get_many([name.encode() for name in names])
        return {name: found[name.encode()] for name in names}

    def _roof(self, told: CanonicalIdChange) -> Output:
        version = (self._generation << GENERATION_BITS) + told.version
        value = (
            None
            if told.roof is None
            else write_canonical_id(CanonicalId(told.roof, version, told.erased, asks=told.asks))
        )
        headers = [("version", b"%d" % version)]
        return Output(CONTACT_ROOFS, self._partition(told.node), told.node.encode(), value, headers)

    def _alert(self, found: LinkFinding) -> Output:
        value = orjson.dumps(_alert(found))
        return Output(SYSTEM_ALERTS, self._partition(found.node), found.node.encode(), value)

    def _partition(self, node: str) -> int:
        return partition_of(node, self._partitions)


def _alert(found: LinkFinding) -> SystemAlert:
    rule = f"identity_{found.finding}"
    trigger = "\x1f".join((rule, found.node, str(found.by.offset), POLICY_VERSION))
    return {
        "alert_id": blake2b(trigger.encode(), digest_size=16).hexdigest(),
        "rule": rule,
        "subject": found.node,
        "at": render_time(found.by.at),
        "evidence": _evidence(found.by.link),
        "detail": _DETAILS[found.finding],
    }


def _evidence(link: IdentityLink) -> list[EvidenceItem]:
    return [{"source": link.source, "id": link.id}] if isinstance(link, LinkDecision) else []
