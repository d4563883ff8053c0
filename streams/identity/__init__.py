"""Who is one person: what was named together and what was ruled, folded into the roof of each identifier.

A pure package: no broker, no store, no clock. `resolve` looks at a whole graph, `Folding` at what a change can reach;
both come to the same.
"""

from streams.identity.changing import Finding
from streams.identity.codec import decode, encode
from streams.identity.fold import Folding
from streams.identity.nodes import Node
from streams.identity.records import Found, Heard, RoofTold
from streams.identity.resolving import Resolution, resolve

__all__ = [
    "Finding",
    "Folding",
    "Found",
    "Heard",
    "Node",
    "Resolution",
    "RoofTold",
    "decode",
    "encode",
    "resolve",
]
