"""Open queries of the links agent for the class of a fragment (`asks` in `contact-roofs`).

A class is told as soon as it is known. That none is known may be said only once all is folded that `interactions` held
when the question was read: they may be behind by hours, and a voter's first words be among what waits there. Until then
a question lies beside the states, with where `interactions` ended, and any chunk of the partition may answer it.

It needs nothing else: it was written in the transaction that read the question, so whoever has the partition next finds
it, and what it waits for is there, so it comes. Only where nothing but markers of transactions or aborted records are
left before that end nobody may come by: then the question is asked again within seconds, and it is seen that nothing is
lacking (`streams.engine.source_end`).
"""

from typing import NamedTuple, cast

import msgspec
from msgspec import Struct

from streams.domain.contact import ContactState
from streams.engine.decoded_states import States

_PREFIX = b"asked/"
_MEMORY = "questions"


class InputProgress(NamedTuple):
    """How far `interactions` are folded, and how far they must be before a fragment may be said to have no class.

    `folded`: the offset after the last record that is folded; `end`: that to wait for, 0: none.
    `is_behind`: whether the chunk that is folded is of a partition that is behind.
    """

    folded: int = 0
    end: int = 0
    is_behind: bool = False

    @property
    def is_all(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.end <= self.folded


class ClassQuery(Struct, frozen=True, array_like=True):
    """One open query. `version`: of the record that asked, which may come again. `end`: as in `InputProgress`."""

    version: int
    end: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ClassQuery).decode


class ClassQueries:
    """The open queries of a partition, by fragment. `beside`: changes that are to be written."""

    def __init__(self, states: States[ContactState]) -> None:
        self._open = {name[len(_PREFIX) :].decode(): _decode(value) for name, value in states.all_beside(_PREFIX)}
        self.beside: dict[bytes, bytes | None] = {}

    def __contains__(self, node: str) -> bool:
        return node in self._open

    def ask(self, node: str, version: int, end: int) -> None:
        """Keep a query open. One that comes again waits for what it waited for, or it might wait for ever."""
        known = self._open.get(node)
        if known is None or known.version < version:
            self._open[node] = question = ClassQuery(version, end)
            self.beside[_key(node)] = _encode(question)

    def answered(self, node: str) -> None:
        """Close the query for a fragment, if one is open."""
        if self._open.pop(node, None) is not None:
            self.beside[_key(node)] = None

    def due(self, folded: int) -> list[str]:
        """The fragments whose queries can be answered once this is folded (see `InputProgress`)."""
        return [node for node, question in self._open.items() if question.end <= folded]


def class_queries_of(states: States[ContactState]) -> ClassQueries:
    """The open queries of a partition, kept in memory between chunks, with nothing to be written yet."""
    queries = cast(ClassQueries | None, states.memory.get(_MEMORY))
    if queries is None:
        queries = states.memory[_MEMORY] = ClassQueries(states)
    queries.beside = {}
    return queries


def _key(node: str) -> bytes:
    return _PREFIX + node.encode()
