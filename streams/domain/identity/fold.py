"""Folds records of `identity-links` into new states of nodes and new canonical ids; it may be done again.

Only what a change can reach is read: what its nodes were linked to before it, and what they are linked to after it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from events.identity_links import CommandStamp, EdgeWithdrawal, ErasureCompletion, FragmentErasure, IdentityLink
from streams.domain.identity.clustering import Clustering
from streams.domain.identity.deferred_erasures import DeferredRecord, ErasureWait, is_overfull, merge_waits
from streams.domain.identity.graph import Graph
from streams.domain.identity.link_changes import GraphChange, LinkEffect, NodeLink, effect_of
from streams.domain.identity.link_records import (
    CanonicalIdChange,
    LinkFinding,
    LinkRecord,
    deferred,
    is_of_itself,
    names_in,
    undeferred,
)
from streams.domain.identity.nodes import NOTHING, ErasureMark, Node, Read, lacks_class, without_known_class
from streams.domain.identity.simple_clusters import find_simple_clusters


class IdentityFold:
    """Folds records, in their order, onto the nodes that `read` gives.

    `changes` are the new states by name, None where nothing is to be kept; `roofs` and `findings` what is to be told,
    in this order. A `crowd` is the most contacts that may share an identifier which links.

    The version of what is told is the offset of the record behind it: there is one partition, so it only grows, also
    for a node of which nothing was kept in between.
    """

    def __init__(self, read: Read, crowd: int) -> None:
        self._read_before = read
        self._crowd = crowd
        self._known: dict[str, Node] = {}
        self._answers: Mapping[str, DeferredRecord] = {}  # these three while what has waited is folded
        self._rested: Mapping[str, int] = {}
        self._now = 0
        self.changes: dict[str, Node | None] = {}
        self.roofs: list[CanonicalIdChange] = []
        self.findings: list[LinkFinding] = []

    def take(self, records: Iterable[LinkRecord]) -> None:
        """Fold them. What an erasure reaches is what is linked at that moment: neither before it nor behind it.

        Where nobody knows yet who that is, it waits, and so does what has to do with it (`deferred_erasures`).
        """
        records = list(records)
        self._read({heard.link.a for heard in records if is_of_itself(heard.link)})  # all at once
        links: list[LinkRecord] = []
        for heard in records:
            if not (isinstance(heard.link, FragmentErasure | ErasureCompletion) or self._is_answer(heard.link)):
                links.append(heard)
                continue
            self._link_what_may_be(links)
            links = []
            if isinstance(heard.link, FragmentErasure):
                self._erase(heard.link, heard)
            elif isinstance(heard.link, ErasureCompletion):
                self._forget(heard.link.fragment, heard)
            else:
                self._hear_answer(heard)
        self._link_what_may_be(links)

    def ask_again(self, keepers: Iterable[str]) -> None:
        """Put the questions again for which the erasures of these fragments wait."""
        for name, version in sorted(asked for keeper in keepers for asked in self._waiting_of(keeper).asked.items()):
            self._ask(name, version)

    def _link_what_may_be(self, heard: Sequence[LinkRecord]) -> None:
        """All but what would have something told to who is held: that goes behind what waits, in its order."""
        if not heard:
            return
        simple = find_simple_clusters(_told(heard), self._read, self._crowd)
        for name in sorted(simple.roofs):
            self._settle(name, simple.nodes[name], simple.roofs[name], heard[-1].offset)
        self._weigh([one for one in heard if names_in(one.link)[0] not in simple.roofs])

    def _weigh(self, heard: Sequence[LinkRecord]) -> None:
        if not heard:
            return
        effect = effect_of(_told(heard), self._read, self._crowd)
        if not self._are_held(effect.reached) and not self._are_held(effect.named):
            self._link(heard, effect)
        elif len(heard) == 1:
            self._hold(effect.looked_at(), ErasureWait(behind=(deferred(heard[0]),)), heard[0].offset)
        else:
            self._weigh(heard[: len(heard) // 2])
            self._weigh(heard[len(heard) // 2 :])

    def _link(self, heard: Sequence[LinkRecord], effect: LinkEffect) -> None:
        after = effect.change.after
        roofs = Clustering(after, effect.reached).roofs()
        for name in sorted(effect.reached):
            self._settle(name, after.nodes[name], roofs[name], heard[-1].offset)
        self._look_for_findings(effect.change, effect.starts, heard)

    def _settle(self, name: str, node: Node, roof: str, version: int) -> None:
        told = roof if roof != name or lacks_class(name, node) else None
        if told != node.roof:
            node = replace(node, roof=told, mark=None)
            self.roofs.append(CanonicalIdChange(name, self._version(name, version), told))
        self._keep(name, node)

    def _erase(self, erased: FragmentErasure, heard: LinkRecord) -> None:
        """Tell everyone under the same roof; where nobody knows yet who that is, have it wait."""
        graph = Graph(self._read, self._crowd)
        reached = graph.reach([erased.fragment])
        if self._are_held(graph.nodes):
            self._hold(graph.nodes, ErasureWait(behind=(deferred(heard),)), heard.offset)
            return
        if graph.nodes[erased.fragment].erased == CommandStamp(erased.time, erased.source, erased.id):
            return
        lacking = without_known_class(reached, graph.nodes)
        if asked := [name for name in lacking if name not in self._answers]:
            for name in asked:
                self._ask(name, heard.offset)
            self._hold(graph.nodes, self._wait_for(asked, heard), heard.offset)
            return
        start = len(self.roofs)
        if lacking:
            answers = [undeferred(self._answers[name])._replace(offset=heard.offset) for name in lacking]
            self._link(answers, effect_of(_told(answers), self._read, self._crowd))
        self._tell(erased, heard.offset)
        # Of one version no more than the last is told of a node.
        self.roofs[start:] = {told.node: told for told in self.roofs[start:]}.values()

    def _tell(self, erased: FragmentErasure, offset: int) -> None:
        fragment, by = erased.fragment, CommandStamp(erased.time, erased.source, erased.id)
        graph = Graph(self._read, self._crowd)
        reached = graph.reach([fragment])
        roofs = Clustering(graph, reached).roofs()
        mine = sorted(name for name in reached if roofs[name] == roofs[fragment])
        fresh = [name for name in mine if (mark := graph.nodes[name].mark) is None or mark.by != by]
        for name in fresh:
            self.roofs.append(CanonicalIdChange(name, self._version(name, offset), roofs[name], by))
            self._keep(name, replace(graph.nodes[name], mark=ErasureMark(fragment, by)))
        marked = tuple(sorted({*graph.nodes[fragment].marked, *fresh}))
        self._keep(fragment, replace(self._known[fragment], erased=by, marked=marked))

    def _forget(self, fragment: str, heard: LinkRecord) -> None:
        """Tell all who heard of the erasure what holds now, where nothing has been told since; then forget it."""
        told_by = self._read([fragment])[fragment]
        graph = Graph(self._read, self._crowd)
        graph.need([fragment, *told_by.marked])
        if self._are_held(graph.nodes):
            self._hold(graph.nodes, ErasureWait(behind=(deferred(heard),)), heard.offset)
            return
        for name, node in self._read(told_by.marked).items():
            if node.mark is not None and node.mark.teller == fragment:
                self.roofs.append(CanonicalIdChange(name, self._version(name, heard.offset), node.roof))
                self._keep(name, replace(node, mark=None))
        if told_by.erased is not None:
            self._keep(fragment, replace(self._known[fragment], erased=None, marked=()))

    def _ask(self, name: str, version: int) -> None:
        """Have a node say what it knows of itself. Nothing is told before its erasure, which has the same version."""
        self.roofs.append(CanonicalIdChange(name, version, self._read([name])[name].roof or name, asks=True))

    def _wait_for(self, names: Iterable[str], erased: LinkRecord) -> ErasureWait:
        return ErasureWait({}, dict.fromkeys(names, erased.offset), dict(self._answers), (deferred(erased),))

    def _is_answer(self, link: IdentityLink) -> bool:
        if not is_of_itself(link):
            return False
        held = self._read([link.a])[link.a].held
        return held is not None and link.a in self._waiting_of(held).asked

    def _hear_answer(self, heard: LinkRecord) -> None:
        """It also waits: behind what was told before it."""
        [name] = set(names_in(heard.link))
        self._hold([name], ErasureWait(answers={name: deferred(heard)}, behind=(deferred(heard),)), heard.offset)

    def _hold(self, names: Iterable[str], more: ErasureWait, offset: int) -> None:
        """Have these nodes wait for this as well, together with all that any of them waits for."""
        nodes = self._read(set(names))
        keepers = sorted({node.held for node in nodes.values() if node.held is not None})
        since = {name: self._rested.get(name, max(offset, self._now)) for name in nodes}
        waiting = merge_waits([ErasureWait(held=since), more, *map(self._waiting_of, keepers)])
        keeper = waiting.behind[0].key.partition(b"/")[2].decode()
        moved = [name for each in keepers if each != keeper for name in self._waiting_of(each).held]
        for name, node in self._read({*nodes, *moved, keeper}).items():
            self._keep(name, replace(node, held=keeper, waiting=waiting if name == keeper else None))
        if not waiting.asked or is_overfull(waiting):
            self._go_on(waiting)

    def _go_on(self, waiting: ErasureWait) -> None:
        """Fold what has waited; whoever has not answered knows of no class."""
        for name, node in self._read(waiting.held).items():
            self._keep(name, replace(node, held=None, waiting=None))
        before = self._answers, self._rested, self._now
        silent = {
            name: deferred(LinkRecord(EdgeWithdrawal(name, name, name), version, 0))
            for name, version in waiting.asked.items()
        }
        self._answers = {**self._answers, **waiting.answers, **silent}
        self._rested = {**self._rested, **waiting.held}
        self._now = max(self._now, waiting.behind[-1].offset)
        self.take(map(undeferred, waiting.behind))
        self._answers, self._rested, self._now = before

    def _version(self, name: str, offset: int) -> int:
        """Of what is told for a record of this offset: that, unless the node may have been told something since."""
        return offset if self._rested.get(name, self._now) <= offset else self._now

    def _waiting_of(self, keeper: str) -> ErasureWait:
        return self._read([keeper])[keeper].waiting or ErasureWait()

    def _are_held(self, names: Collection[str]) -> bool:
        return any(self._known[name].held is not None for name in names)

    def _look_for_findings(self, change: GraphChange, starts: Iterable[str], heard: Sequence[LinkRecord]) -> None:
        for finding, name in change.findings(starts):
            by = next((one for one in reversed(heard) if name in names_in(one.link)), heard[-1])
            self.findings.append(LinkFinding(finding, name, by))

    def _read(self, names: Collection[str]) -> dict[str, Node]:
        unknown = [name for name in names if name not in self._known]
        if unknown:
            self._known.update((name, node or NOTHING) for name, node in self._read_before(unknown).items())
        return {name: self._known[name] for name in names}

    def _keep(self, name: str, node: Node) -> None:
        if node != self._known[name]:
            self._known[name] = node
            self.changes[name] = None if node == NOTHING else node


def _told(heard: Iterable[LinkRecord]) -> list[NodeLink]:
    return [one.link for one in heard if not isinstance(one.link, FragmentErasure | ErasureCompletion)]
