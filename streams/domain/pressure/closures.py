"""Whether a channel is closed to everybody who might ask: what the policy says of it apart from caps, gaps and hours.

A question without a sender and a list, about nothing in particular: what closes the channel to one sender or one list
alone does not close it, unless the policy says that it binds everyone.
"""

import json
from hashlib import blake2b

from msgspec import Struct

from events.interactions.base import Channel
from events.outputs import ContactProfile
from streams.domain.pressure.asking import Decision, PermissionRequest
from streams.domain.pressure.denials import address_denial, judged_address, stop_denial
from streams.domain.pressure.known_by import known_only_by
from streams.domain.pressure.policy import Policy


class ChannelRules(Struct, frozen=True):
    """What a policy says about closed channels. `version`: while it is the same, `channel_denial` answers the same."""

    policy: Policy
    version: str

    def allows_unknown(self, channel: Channel) -> bool:
        """Whether somebody may be reached of whom no address is known."""
        allows: bool = getattr(self.policy.unknown, channel) == "allow"
        return allows

    def needs_consent(self, channel: Channel) -> bool:
        """Whether only a consent that was given opens a channel."""
        return channel in self.policy.closures.needs_consent


def channel_rules(policy: Policy) -> ChannelRules:
    """The rules of a policy."""
    scope = {"without_sender": "allow", "without_list": "allow"}
    closures = policy.closures.model_copy(update=scope)
    said = [closures.model_dump(mode="json"), policy.unknown.model_dump(mode="json")]
    version = blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=4).hexdigest()
    return ChannelRules(policy.model_copy(update={"closures": closures}), version)


def channel_denial(profile: ContactProfile, rules: ChannelRules, channel: Channel, at: int) -> Decision | None:
    """Why nobody is allowed to reach a person on a channel at a time (ms); None: the channel is open.

    Of the profile `stops`, `consent`, `addresses` and `provenance` are read.
    """
    policy = rules.policy
    request = PermissionRequest(channel=channel, purpose="informational", team="")
    address = judged_address(profile, channel, None, known_only_by(profile, policy.unknown.sources))
    if (no := stop_denial(profile, policy, request, at) or address_denial(address)) is not None:
        return no
    if address.status == "soft_bouncing" and policy.closures.soft_bouncing == "deny":
        return Decision("deny", "soft_bouncing")
    if rules.needs_consent(channel) and profile["consent"].get(channel) is not True:
        return Decision("deny", "no_consent")
    if address.status is None and not rules.allows_unknown(channel):
        return Decision("deny", "unknown_address")
    return None
