"""The purpose wall: what comes from a kind of source that a deployment takes nothing from is refused, whoever sends it.

Civic registers, files of staff and of petitions were made for another purpose than a campaign.
"""

from collections.abc import Set

from events.envelope import Interaction
from events.interactions.base import ProvenanceKind, SourcedData
from events.json_types import JSON
from events.refusal import Reason, Refusal


def behind_the_wall(interaction: Interaction, refused: Set[ProvenanceKind]) -> Refusal | None:
    """Why an interaction is not taken, by the kind of source that it names; None: it is, or it names none."""
    data = interaction.data
    if not refused or not isinstance(data, SourcedData) or data.provenance is None:
        return None
    return _refusal(data.provenance.kind, refused)


def said_behind_the_wall(data: JSON, refused: Set[ProvenanceKind]) -> Refusal | None:
    """The same of the `data` of an event that was judged, as JSON."""
    said = data.get("provenance") if isinstance(data, dict) and refused else None
    return _refusal(said.get("kind"), refused) if isinstance(said, dict) else None


def _refusal(kind: JSON, refused: Set[ProvenanceKind]) -> Refusal | None:
    if kind not in refused:
        return None
    kinds = ", ".join(sorted(refused))
    return Refusal(
        Reason.REFUSED_SOURCE,
        f"data.provenance.kind: nothing of such a source is taken here ({kinds}): send what people themselves gave for "
        "this purpose; HARMONIA_REFUSED_SOURCES says which are",
    )


def may_name_a_source(value: bytes | None) -> bool:
    """Whether a record may say where it comes from: a word or an escape in it, whatever it means there."""
    return value is not None and (b"provenance" in value or b"\\u" in value)
