"""Identity clusters: what was named together and what was ruled, folded into the canonical id of each identifier.

`resolve` looks at a whole graph, `IdentityFold` at what a change can reach; both come to the same.
"""

from streams.domain.identity.clustering import Resolution, resolve
from streams.domain.identity.fold import IdentityFold
from streams.domain.identity.link_changes import FindingKind
from streams.domain.identity.link_records import CanonicalIdChange, LinkFinding, LinkRecord
from streams.domain.identity.nodes import Node, decode, encode

__all__ = [
    "CanonicalIdChange",
    "FindingKind",
    "IdentityFold",
    "LinkFinding",
    "LinkRecord",
    "Node",
    "Resolution",
    "decode",
    "encode",
    "resolve",
]
