"""Sentences about permission: the answer, why, and the interactions that are given as reasons.

`reason.<reason>` names a reason in a table; `why.<reason>` says it of one person.
"""

from collections.abc import Mapping

from streams.domain.messages.fields import Template

_WHYS: Mapping[str, str] = {
    "ok": "nothing speaks against it",
    "transactional": "a transactional message, by somebody who may send one",
    "erased": "the person was forgotten, and nothing new is known of them",
    "deceased": "this person was reported to have died",
    "do_not_contact": "this person does not want to be contacted at all",
    "suppressed": "somebody here has suppressed this person",
    "unsubscribed": "this person has unsubscribed from e-mail",
    "complained": "this person has reported an e-mail as spam",
    "opted_out": "this person has answered STOP",
    "consent_withdrawn": "this person has withdrawn consent",
    "no_consent": "this person has not consented, or has refused",
    "no_provenance": "nobody has said that this person comes from where the policy asks",
    "no_notice": "this person's data came from elsewhere, and nobody has told them so in time",
    "sender_stopped": "this person has answered STOP to this sender",
    "list_stopped": "this person has left this list",
    "hard_bounced": "the address does not exist",
    "wrong_number": "the number is somebody else's",
    "soft_bouncing": "the address refuses messages for now",
    "held": "the campaign is on hold",
    "transactional_not_allowed": "the policy lets neither this source nor this team send transactional messages",
    "opposed": "this person is against us, and is not asked to vote",
    "voted": "this person has voted",
    "maxed_out": "this person has given all that the law allows",
    "unknown_contact": "nothing is known of this person",
    "unknown_address": "the address is not known to be this person's",
    "cap": "as many messages on this channel as the policy allows",
    "cap_across_channels": "as many messages on all channels as the policy allows",
    "gap": "it is too soon after the last message on this channel",
    "gap_across_teams": "it is too soon after another team's last message",
    "gap_across_channels": "it is too soon after the last message on another channel",
    "pressure": "too much has reached this person of late",
    "reserved": "another team has reserved this person",
    "reservations_unknown": "Redis was flushed, so nobody knows who has reserved this person",
    "hours": "it is too early or too late where this person is",
    "repeated_in_audience": "an earlier row of the list is the same person",
    "known_by_roll_alone": "an electoral roll alone names this person, and the segment asks for more than it tells",
    "malformed_row": "the row cannot be read",
    "no_identifier": "the row names nobody",
}

_NONE_KNOWN: Mapping[str, str] = {
    "email": "no e-mail address is known",
    "text": "no number is known",
    "phone": "no number is known",
    "door": "no address is known",
    "letter": "no address is known",
}
"""By channel what `unknown_address` means where nobody has given an address."""

PERMISSIONS: Mapping[str, Template] = {
    **{f"reason.{reason}": reason.replace("_", " ") for reason in _WHYS},
    **{f"why.{reason}": why for reason, why in _WHYS.items()},
    "reserved_for": "this person is reserved for {teams}",
    **{f"none_known.{channel}": why for channel, why in _NONE_KNOWN.items()},
    "permission.allow": "yes: {why}",
    "permission.allow_until": "yes, until {until}: {why}",
    "permission.defer": "not yet: {why}",
    "permission.defer_until": "not before {until}: {why}",
    "permission.deny": "no: {why}",
    "permission.deny_until": "no, until {until}: {why}",
    "evidence.interaction": "{source} {id}",
    "evidence.stop": "{why}, {at} ({source} {id})",
    "evidence.touch": "{channel} by {team}, {at} ({source} {id})",
    "evidence.touch_untold": "{channel} by another team, {day}",
    "evidence.untold": "an interaction of another team",
    "evidence.ballot": "ballot report, {at} ({source} {id})",
    "evidence.support": "report of support ({source} {id})",
    "channel.email": "email",
    "channel.text": "text",
    "channel.phone": "phone",
    "channel.door": "door",
    "channel.letter": "letter",
    "purpose.fundraising": "fundraising",
    "purpose.mobilisation": "mobilisation",
    "purpose.informational": "informational",
    "purpose.transactional": "transactional",
}
