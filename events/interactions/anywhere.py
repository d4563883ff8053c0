"""Interactions that any team may send, so they are taken on each of the four input topics of interactions."""

import re
from collections.abc import Mapping
from typing import Literal, Self

from events.fields import LABEL_PATTERN, Label, Scope, ScopeId, Text
from events.interactions.base import ExperimentArm, InteractionData, Provenance, Reference, SourcedData

ConsentChannel = Literal["email", "text", "phone", "door", "letter", "all"]


UNREADABLE = "unreadable"
"""The purpose of a word of which no other can be read."""


class ExperimentAssigned(InteractionData):
    """This person was put into a variant, alone or with a `cluster` (household, precinct)."""

    experiment: ExperimentArm
    cluster: Text | None = None


class ProvenanceReported(SourcedData):
    """These identifiers were obtained so: says nothing else of the person, as a row of a list that was bought."""

    provenance: Provenance

    def protecting(self) -> Self | None:
        """Of who is too young just that, and the kind of source that says so: it keeps them out of audiences."""
        if self.provenance.of_age is not False:
            return None
        young = Provenance(kind=self.provenance.kind, of_age=False)
        return self.without().model_copy(update={"provenance": young})


class ConsentChanged(SourcedData):
    """Said yes or no to a channel, or to one `sender` or list on it, or for one `purpose`.

    `controller`: to whom. `wording`: the version of the text that was shown. `proof`: where it is kept that this was
    said. `basis`: on what ground somebody may be reached, such as `consent` or `legitimate_interest`.
    """

    channel: ConsentChannel
    granted: bool
    list_id: ScopeId = None
    sender: Scope = None
    basis: Text | None = None
    purpose: Label | None = None
    controller: Label | None = None
    wording: Label | None = None
    proof: Label | None = None

    @classmethod
    def says_no(cls, data: Mapping[str, object]) -> bool:
        """Whether a channel, or a part of it, is refused."""
        return data.get("granted") is False

    def protecting(self) -> Self | None:
        """A no, with all that is known of it."""
        return None if self.granted else self.without()

    @classmethod
    def readable(cls, data: Mapping[str, object]) -> dict[str, object]:
        """A purpose that is no label becomes one of which a no closes the channel, and a yes opens nothing.

        So does a controller: a yes to somebody who cannot be read is none to the campaign.
        """
        found = super().readable(data)
        for name in ("purpose", "controller"):
            if found.get(name) and not _is_label(found[name]):
                found[name] = UNREADABLE
        for name in ("purpose", "controller", "wording", "proof"):
            if name in found and not _is_label(found[name]):
                del found[name]
        return found


class InteractionRetracted(InteractionData):
    """An earlier interaction of the same contact counts as if it had never happened."""

    retracts: Reference


def _is_label(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(LABEL_PATTERN.removesuffix("$") + r"\Z", value) is not None
