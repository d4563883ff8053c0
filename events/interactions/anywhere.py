"""Interactions that any team may send, so they are taken on each of the four input topics of interactions."""

from typing import Literal

from events.fields import Label, Scope, ScopeId, Text
from events.interactions.base import ExperimentArm, InteractionData, Provenance, Reference, SourcedData

ConsentChannel = Literal["email", "text", "phone", "door", "letter", "all"]


class ExperimentAssigned(InteractionData):
    """This person was put into a variant, alone or with a `cluster` (household, precinct)."""

    experiment: ExperimentArm
    cluster: Text | None = None


class ProvenanceReported(SourcedData):
    """These identifiers were obtained so: says nothing else of the person, as a row of a list that was bought."""

    provenance: Provenance


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


class InteractionRetracted(InteractionData):
    """An earlier interaction of the same contact counts as if it had never happened."""

    retracts: Reference
