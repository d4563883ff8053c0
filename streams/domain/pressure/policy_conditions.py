"""Conditions of a policy: what has to be known of a person before they are reached on a channel, for some purposes."""

from typing import Literal, Self

from pydantic import model_validator

from events.channels import Channel, LimitedPurpose
from events.interactions.base import ProvenanceKind
from streams.domain.file_mistakes import wrong
from streams.domain.pressure.policy_values import Label, PolicySection


class PolicyCondition(PolicySection):
    """What is required on a channel: `consent`, or `provenance`, that somebody has said where the person comes from.

    `purposes`: of requests for these alone; none: for any. `automatic`: of calls by a machine alone. `consent_to`: only
    a yes to this very purpose is one. `bases`: in place of `closures.consent.bases`. `sources`: only these; none: any.
    """

    channel: Channel
    require: Literal["consent", "provenance"]
    purposes: tuple[LimitedPurpose, ...] = ()
    automatic: bool = False
    consent_to: Label | None = None
    bases: tuple[Label, ...] = ()
    sources: tuple[ProvenanceKind, ...] = ()

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.automatic and self.channel != "phone":
            raise wrong("is automatic, and of another channel than phone", "take automatic out")
        if self.require == "consent" and self.sources:
            raise wrong("has sources, and requires consent", 'give them to one with require = "provenance"')
        if self.require == "provenance" and (self.consent_to is not None or self.bases):
            raise wrong("says which consent, and requires provenance", 'give that to one with require = "consent"')
        is_of_all = not self.purposes and not self.automatic and self.consent_to is None and not self.bases
        if self.require == "consent" and is_of_all:
            raise wrong("requires consent for whatever is sent", "name the channel in closures.needs_consent instead")
        return self
