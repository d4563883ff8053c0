"""What is written can be read, and what cannot be read says so."""

import msgspec
import pytest

from events.identity_links import CommandStamp
from streams.domain.identity import Node, decode, encode
from streams.domain.identity.deferred_erasures import DeferredRecord, ErasureWait
from streams.domain.identity.nodes import FORMAT, ErasureMark, PairRuling

BY = CommandStamp(9, "office", "c-1")
FULL = Node(
    exclusive="voter:NY",
    seen={"email:0": ("ada", "bob")},
    aliases={"voter:1": ("ada",)},
    rulings={"cyd": PairRuling(same=False, by=BY)},
    roof="ada",
    saturated=True,
    mark=ErasureMark("ada", BY),
    erased=BY,
    marked=("ada", "email:0"),
    held="ada",
    waiting=ErasureWait(
        {"ada": 7}, {"voter:1": 7}, {"voter:2": DeferredRecord(b"k", None, 8, 9)}, (DeferredRecord(b"k", b"v", 7, 9),)
    ),
)


@pytest.mark.parametrize("node", [FULL, Node()])
def test_a_node_is_read_as_it_was_written(node: Node) -> None:
    assert decode(encode(node)) == node


def test_the_example_has_all_that_a_node_may_have() -> None:
    assert all(getattr(FULL, field) != getattr(Node(), field) for field in Node.__struct_fields__)


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(FULL))[0] == FORMAT.number
