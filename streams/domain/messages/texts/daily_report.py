"""Sentences of the daily report: warnings above the figures, and the titles, columns and notes of its tables."""

from collections.abc import Mapping

from streams.domain.messages.fields import Plural, Template

WARNINGS: Mapping[str, Template] = {
    "report.no_interaction": "Nothing is known of this day: there is no interaction at all.",
    "report.empty_day": (
        "Nothing is known of this day: the first interaction is of {first:words}, the latest of {latest:words}."
    ),
    "report.no_lake": (
        "No lake is set (HARMONIA_LAKE): what is older than {days} days is left out, so that whoever gave "
        "before that counts as a new donor."
    ),
    "report.no_gift": "No gift at all, and {before} the week before: has a feed stopped?",
    "report.no_door": "No door at all, and {before} the week before: has a feed stopped?",
    "report.no_call": "No call at all, and {before} the week before: has a feed stopped?",
    "report.net_below_zero": "More was given back than came in: net {net}.",
    "report.net_below_zero_of_few": "More was given back than came in.",
    "report.gross_fell": "Gross was {gross}, {share:tight} less than {before} the week before.",
    "report.gross_fell_of_few": "Gross fell by three tenths or more since the week before, of fewer than ten gifts.",
    "report.pledges_fail_of_few": (
        "Pledges began to fail; how many is not told, since some of the numbers are below ten."
    ),
    "report.pledges_fail": Plural(
        "pledges",
        "{pledges} pledge began to fail; {failing} are failing, {active} are active.",
        "{pledges} pledges began to fail; {failing} are failing, {active} are active.",
    ),
    "report.complaints": (
        "{share:tight} of what went to {mailbox} mailboxes was complained about ({complaints}); "
        "Gmail asks senders to stay below 0.1%."
    ),
    "report.many_complaints": (
        "{share:tight} of what went to {mailbox} mailboxes was complained about ({complaints}); "
        "Gmail asks senders never to reach 0.3%."
    ),
    "report.unknown_mailbox": "unknown",
    "report.other_mailboxes": "other providers'",
    "report.unsubscribes": "{share:tight} of {campaign} want no more messages.",
    "report.fewer_met": "At the doors {share:tight} were met, {before:tight} the week before.",
    "report.fewer_met_of_few": "At the doors a far smaller part was met than the week before.",
    "report.flakes": "{share:tight} of those who had promised did not come to {event}.",
    "report.held_back_not_known": "Who was held back is not known: the record of questions could not be read.",
    "report.refused_not_known": (
        "Whose records are refused or held is not known: whoever ran this may not read it (deploy/acl)."
    ),
    "report.sentence": "{sentence}.",
}

TABLES: Mapping[str, Template] = {
    "report.title": "{day}",
    "report.subtitle": "beside {before}; days of {zone}; all that was known at {as_of:words}",
    "report.calm": "Nothing stands out.",
    "report.money": "Money",
    "report.pledges": "Pledges",
    "report.refcodes": "By refcode",
    "report.committees": "By committee",
    "report.messages": "Messages",
    "report.providers": "E-mail by mailbox provider",
    "report.conversations": "Conversations",
    "report.turfs": "Doors by turf",
    "report.shifts": "Shifts and events",
    "report.held_back": "Held back",
    "report.mostly_refused": "Mostly refused",
    "report.quarantines": "In quarantine",
    "report.on_the_day": "on the day",
    "report.week_before": "week before",
    "report.change": "change",
    "report.gross": "gross",
    "report.given_back": "given back",
    "report.net": "net",
    "report.average_gift": "average gift",
    "report.gifts": "gifts",
    "report.donors": "donors",
    "report.new_of_them": "of them new",
    "report.new_donors": "new donors",
    "report.in_currency": "{what}, {currency}",
    "report.active": "active",
    "report.failing": "failing",
    "report.cancelled": "cancelled",
    "report.at_days_end": "when the day ended",
    "report.new_on_the_day": "new on the day",
    "report.new_week_before": "new the week before",
    "report.refcode": "refcode",
    "report.no_refcode": "no refcode",
    "report.committee": "committee",
    "report.no_committee": "no committee",
    "report.net_week_before": "net, week before",
    "report.others": Plural("others", "{others:d} other", "{others:d} others"),
    "report.few_gifts": Plural("count", "{count} with few gifts", "{count} with few gifts, together"),
    "report.few_people": Plural("count", "{count} with few people", "{count} with few people, together"),
    "report.campaign": "campaign",
    "report.no_campaign": "no campaign",
    "report.earlier_sends": "of earlier sends",
    "report.by": "by",
    "report.delivered": "delivered",
    "report.sent": "{sent} sent",
    "report.clicks": "clicks",
    "report.left": "left",
    "report.complaints_column": "complaints",
    "report.raised": "raised",
    "report.per_1000": "per 1,000",
    "report.about_sends": (
        "Clicks: how many are likely to have been people's. Left: unsubscribed, or STOP. Raised: by gifts that name "
        "the campaign, or came within a day of its asking."
    ),
    "report.about_sends_sent": (
        "Clicks: how many are likely to have been people's. Left: unsubscribed, or STOP. Raised: by gifts that name "
        "the campaign, or came within a day of its asking. Sent: nothing was reported delivered."
    ),
    "report.mailbox": "mailbox",
    "report.mailbox_not_told": "not told",
    "mailbox.gmail": "Gmail",
    "mailbox.yahoo": "Yahoo",
    "mailbox.microsoft": "Microsoft",
    "mailbox.apple": "Apple",
    "mailbox.other": "other providers",
    "report.complaint_rate": "complaint rate",
    "report.how": "how",
    "report.no_how": "no how",
    "report.turf": "turf",
    "report.no_turf": "no turf",
    "report.attempts": "attempts",
    "report.met": "met",
    "report.contact_rate": "contact rate",
    "report.supporters": "supporters",
    "report.event": "event",
    "report.promised": "promised",
    "report.came": "came",
    "report.did_not_come": "did not come",
    "report.called_off": "called off",
    "report.flake_rate": "flake rate",
    "report.about_flakes": ("Flake rate: of those of whom it is told, who did not come and had not called it off."),
    "report.why": "why",
    "report.answer": "answer",
    "report.people": "people",
    "report.rows_of_lists": "rows of lists",
    "report.reason_and_channel": "{reason}, {channel}",
    "report.all_channels": "all",
    "report.answer_deny": "no",
    "report.answer_defer": "later",
    "report.about_held_back": (
        "Whom a team asked about and was told not to reach, or not yet. People: by way of the API, each once. Rows: of "
        "lists (`harmonia permit`), each time that one was judged."
    ),
    "report.source_and_type": "source and what",
    "report.source_of_type": "{source}, {records}",
    "report.refused": "refused",
    "report.sent_column": "sent",
    "report.share": "share",
    "report.about_refused": (
        "Sources of which more than half of a type was refused. What was refused is in no figure of this page."
    ),
    "report.source": "source",
    "report.since": "since",
    "report.until": "until",
    "report.in_force": "in force",
    "report.minute": "{at:minute}",
    "report.waiting": "records that wait",
    "report.about_quarantines": (
        "What can wait of them, such as opens and clicks, is held until somebody releases it. Times: UTC."
    ),
    "report.doors": "doors",
    "report.calls": "calls",
    "report.messages_tile": "messages",
    "report.nothing": "Nothing.",
    "report.no_money": "No gift and no refund.",
    "report.no_pledge": "No pledge is known.",
    "report.no_message": "No message was sent or delivered.",
    "report.no_email": "No e-mail was delivered.",
    "report.no_conversation": "None was reported.",
    "report.no_shift": "None was on the day.",
    "report.beyond_scope": "The report counts all teams, regions and committees, and you see a part of these.",
    "report.nobody_held_back": "Nobody whom a team asked about.",
}

DAILY_REPORT: Mapping[str, Template] = {**WARNINGS, **TABLES}
