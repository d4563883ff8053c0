"""Sentences of the console's first page: what needs somebody now, besides what `harmonia status` finds."""

from collections.abc import Mapping

from streams.domain.messages.fields import Plural, Template

TONIGHT: Mapping[str, Template] = {
    "tonight.complaints_near": (
        "campaign {campaign} comes close to the limit of complaints that {mailbox} sets: {share}, the limit is {limit}"
    ),
    "tonight.complaints_over": (
        "campaign {campaign} has reached the limit of complaints at {mailbox}: {share}, the limit is {limit}"
    ),
    "tonight.unsubscribes_near": (
        "campaign {campaign} comes close to the limit of unsubscriptions at {mailbox}: {share}, the limit is {limit}"
    ),
    "tonight.unsubscribes_over": (
        "campaign {campaign} has reached the limit of unsubscriptions at {mailbox}: {share}, the limit is {limit}"
    ),
    "tonight.held": "campaign {campaign} is on hold until it is lifted",
    "tonight.held_until": "campaign {campaign} is on hold until {until}",
    "tonight.holds_unknown": "Redis does not say which campaigns are on hold",
    "tonight.quiet_turfs": Plural(
        "n",
        "{region}: {n} turf was worked tonight, and nothing was reported of it for {minutes} minutes or more: {turfs}",
        "{region}: {n} turfs were worked tonight, and nothing was reported of them for {minutes} minutes or more: "
        "{turfs}",
    ),
    "tonight.experiment": "experiment {experiment}: {what}",
    "tonight.over_cap": Plural(
        "n",
        "{n} message, call or visit was over a limit of the policy in the last day",
        "{n} messages, calls or visits were over a limit of the policy in the last day",
    ),
    "tonight.double_touch": Plural(
        "n",
        "{n} time two teams reached somebody too soon after each other in the last day",
        "{n} times two teams reached somebody too soon after each other in the last day",
    ),
    "tonight.touch_after_stop": Plural(
        "n",
        "{n} message, call or visit came after somebody had said stop, in the last day",
        "{n} messages, calls or visits came after somebody had said stop, in the last day",
    ),
    "tonight.complaint_after_pressure": Plural(
        "n",
        "{n} complaint of somebody who had been reached too often, in the last day",
        "{n} complaints of people who had been reached too often, in the last day",
    ),
    "tonight.unsubscribe_after_pressure": Plural(
        "n",
        "{n} person left who had been reached too often, in the last day",
        "{n} people left who had been reached too often, in the last day",
    ),
}
