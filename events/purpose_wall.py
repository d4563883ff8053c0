"""The purpose wall: what comes from a kind of source that a deployment takes nothing from is refused, whoever sends it.

Civic registers, files of staff and of petitions were made for another purpose than a campaign. So is what a name sounds
like, or where somebody was born: a deployment may refuse records that have such fields. Somebody's no, that a number is
not theirs, or (in a `provenance.reported` alone) that they are too young, passes whatever its source: it takes
something away, and makes nobody reachable (`unknown.sources` of the policy). What may not say its source tells what
happened, a bounce or a refund: it is taken without such fields, since an address that fails must not stay a good one.
"""

from collections.abc import Set
from typing import NamedTuple, cast

from msgspec.structs import replace

from events.descent_fields import descent_field, may_tell_descent, without_descent_fields
from events.envelope import Interaction
from events.interactions.base import InteractionData, ProvenanceKind, SourcedData
from events.interactions.outreach import FormSubmitted
from events.json_types import JSON
from events.refusal import Reason, Refusal


class Wall(NamedTuple):
    """What a deployment takes nothing of: these kinds of source; and unless it `takes_descent`, guesses at descent."""

    kinds: Set[ProvenanceKind] = frozenset()
    takes_descent: bool = True


OPEN = Wall()
"""No wall: everything is taken."""


def through_the_wall(interaction: Interaction, wall: Wall) -> Interaction | Refusal:
    """What is taken of an interaction by the kind of source that it names and by its fields, or why nothing is.

    All of it, unless something of it is refused: then of what protects the person that alone, without what else it
    says, in fields that its type does not know too. Of what may not say its source all but the fields on descent.
    """
    refusal = _refusal_of(interaction.data, wall)
    if refusal is None:
        return interaction
    left = _left_of(interaction.data)
    return refusal if left is None else replace(interaction, data=left)


def again_through_the_wall(interaction: Interaction, wall: Wall) -> Interaction | Refusal:
    """The same of an interaction that was accepted before: it goes on to count, without the fields on descent."""
    if not wall.takes_descent and descent_field(interaction.data) is not None:
        left = cast(InteractionData, without_descent_fields(interaction.data))
        interaction = replace(interaction, data=left)
    return through_the_wall(interaction, wall._replace(takes_descent=True))


def _refusal_of(data: InteractionData, wall: Wall) -> Refusal | None:
    if isinstance(data, SourcedData) and _kind_of(data) in wall.kinds:
        kinds = ", ".join(sorted(wall.kinds))
        cure = _SAY_IT if data.provenance is None else _SEND_OTHERS
        return Refusal(
            Reason.REFUSED_SOURCE,
            f"data.provenance.kind: nothing of such a source is taken here ({kinds}), but for a no: {cure}; "
            "HARMONIA_REFUSED_SOURCES says which are",
        )
    if wall.takes_descent or (field := descent_field(data)) is None:
        return None
    return Refusal(
        Reason.INVALID_DATA,
        f"{field}: where somebody was born, or what a name sounds like, is not taken under this HARMONIA_REGIME: leave "
        "the field out",
    )


_SEND_OTHERS = "send what people themselves gave for this purpose"
_SAY_IT = (
    "a petition that does not say its source counts as one; where people signed for this purpose too, say "
    "self (of a hook and of an import: docs/provenance.md)"
)


def _left_of(data: InteractionData) -> InteractionData | None:
    """What is taken of it without any field that is refused; None: nothing is."""
    left = data.protecting() if isinstance(data, SourcedData) else data
    return None if left is None else cast(InteractionData, without_descent_fields(left))


def _kind_of(data: SourcedData) -> ProvenanceKind | None:
    """The kind of source that is named. A petition that names none says by its form that it is one."""
    if data.provenance is not None:
        return data.provenance.kind
    return "petition" if isinstance(data, FormSubmitted) and data.kind == "petition" else None


def passes_by_a_look(data: JSON, wall: Wall) -> bool:
    """Whether `data` of an event, not judged yet, is taken as it is; False: only a judgement tells."""
    if not isinstance(data, dict):
        return False
    provenance = data.get("provenance")
    named = (data.get("kind"), provenance.get("kind") if isinstance(provenance, dict) else None)
    if any(isinstance(kind, str) and kind in wall.kinds for kind in named):
        return False
    return wall.takes_descent or not may_tell_descent(data)


def names_refused(value: bytes, wall: Wall) -> bool:
    """Whether a record of `interactions`, as the fast way writes it, may name one of these kinds: a look at its bytes.

    That way takes no record with a field that its type does not know.
    """
    if not wall.kinds or (b'"provenance"' not in value and b'"form.submitted"' not in value):
        return False
    return any(f'"kind":"{kind}"'.encode() in value for kind in wall.kinds)
