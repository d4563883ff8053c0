"""Who is one person: what was named together and what was ruled, folded into the roof of each identifier.

A pure package: no broker, no store, no clock. `resolve` looks at a whole graph, `Folding` at what a change can reach;
both come to the same.
"""

from streams.domain.identity.changed_parts import Finding
from streams.domain.identity.codec import decode, encode
from streams.domain.identity.fold import Folding
from streams.domain.identity.link_records import Found, LinkRecord, RoofTold
from streams.domain.identity.nodes import Node
from streams.domain.identity.whole_graph import Resolution, resolve

__all__ = [
    "Finding",
    "Folding",
    "Found",
    "LinkRecord",
    "Node",
    "Resolution",
    "RoofTold",
    "decode",
    "encode",
    "resolve",
]
