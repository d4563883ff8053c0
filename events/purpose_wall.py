"""The purpose wall: what comes from a kind of source that a deployment takes nothing from is refused, whoever sends it.

Civic registers, files of staff and of petitions were made for another purpose than a campaign. Somebody's no, or that a
number is not theirs, passes whatever its source: it takes something away, and makes nobody reachable (`unknown.sources`
of the policy).
"""

from collections.abc import Set

from msgspec.structs import replace

from events.envelope import Interaction
from events.interactions.base import ProvenanceKind, SourcedData
from events.interactions.outreach import FormSubmitted
from events.refusal import Reason, Refusal


def through_the_wall(interaction: Interaction, refused: Set[ProvenanceKind]) -> Interaction | Refusal:
    """What is taken of an interaction by the kind of source that it names, or why nothing is.

    All of it, unless the kind is refused: then of what protects the person that alone, without what else it says, in
    fields that its type does not know too.
    """
    data = interaction.data
    if not isinstance(data, SourcedData) or _kind_of(data) not in refused:
        return interaction
    if (left := data.protecting()) is not None:
        return replace(interaction, data=left)
    kinds = ", ".join(sorted(refused))
    cure = _SAY_IT if data.provenance is None else _SEND_OTHERS
    return Refusal(
        Reason.REFUSED_SOURCE,
        f"data.provenance.kind: nothing of such a source is taken here ({kinds}), but for a no: {cure}; "
        "HARMONIA_REFUSED_SOURCES says which are",
    )


_SEND_OTHERS = "send what people themselves gave for this purpose"
_SAY_IT = (
    "a petition that does not say its source counts as one; where people signed for this purpose too, say "
    "self (of a hook and of an import: docs/provenance.md)"
)


def _kind_of(data: SourcedData) -> ProvenanceKind | None:
    """The kind of source that is named. A petition that names none says by its form that it is one."""
    if data.provenance is not None:
        return data.provenance.kind
    return "petition" if isinstance(data, FormSubmitted) and data.kind == "petition" else None


def names_refused(value: bytes, refused: Set[ProvenanceKind]) -> bool:
    """Whether a record of `interactions`, as it is written, may name one of these kinds: a look at its bytes."""
    if b'"provenance"' not in value and b'"form.submitted"' not in value:
        return False
    return any(f'"kind":"{kind}"'.encode() in value for kind in refused)
