"""Conditions of a policy: what has to be known of a person before they are reached on a channel, for some purposes."""

from typing import Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from events.channels import Channel, LimitedPurpose
from events.interactions.base import ProvenanceKind
from streams.domain.file_mistakes import wrong
from streams.domain.pressure.policy_values import SHORT_MONTH, Label, PolicySection, UntilTold


class PolicyCondition(PolicySection):
    """What is required on a channel: `consent`, `provenance`, or a `notice`.

    `provenance`: somebody has said where the person comes from. `notice`: whose data came from elsewhere was told so.
    `purposes`: of requests for these alone; none: for any. `automatic`: of calls by a machine alone. `consent_to`: only
    a yes to this very purpose is one. `bases`: in place of `closures.consent.bases`. `sources`: only these; none: any.
    `within`: how long after their data were got (ms) people may be reached without a notice, which is given then.
    """

    channel: Channel
    require: Literal["consent", "provenance", "notice"]
    purposes: tuple[LimitedPurpose, ...] = ()
    automatic: bool = False
    consent_to: Label | None = None
    bases: tuple[Label, ...] = ()
    sources: tuple[ProvenanceKind, ...] = ()
    within: UntilTold = SHORT_MONTH

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.automatic and self.channel != "phone":
            raise wrong("is automatic, and of another channel than phone", "take automatic out")
        if self.require != "provenance" and self.sources:
            raise wrong(f"has sources, and requires {self.require}", 'give them to one with require = "provenance"')
        if self.require != "consent" and (self.consent_to is not None or self.bases):
            raise wrong(f"says which consent, and requires {self.require}", 'give that to one with require = "consent"')
        if self.require != "notice" and "within" in self.model_fields_set:
            raise wrong(f"has within, and requires {self.require}", 'give it to one with require = "notice"')
        is_of_all = not self.purposes and not self.automatic and self.consent_to is None and not self.bases
        if self.require == "consent" and is_of_all:
            raise wrong("requires consent for whatever is sent", "name the channel in closures.needs_consent instead")
        return self

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the usual time, as files of before were said: their version stays."""
        said: dict[str, Any] = dump(self)
        if self.within == SHORT_MONTH:
            del said["within"]
        return said
