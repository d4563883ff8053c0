"""Sentences about sources whose records are refused or held, in status and in the daily report."""

from collections.abc import Mapping

from streams.domain.messages.fields import Plural, Template

SOURCES: Mapping[str, Template] = {
    "source.refused": "{source}: {refused} of {sent} {type} refused",
    "source.more": Plural("more", "{more:d} more such sources", "{more:d} more such sources"),
    "source.named": "{source}: {what}",
    "source.let_go": Plural(
        "waiting",
        "let go, and {waiting} held record waits to be released",
        "let go, and {waiting} held records wait to be released",
    ),
    "source.in_quarantine": Plural(
        "waiting",
        "in quarantine since {since:z}, {waiting} held record waits",
        "in quarantine since {since:z}, {waiting} held records wait",
    ),
    "source.was_in_quarantine": Plural(
        "waiting",
        "in quarantine from {since:z} to {until:z}, and {waiting} held record waits to be released",
        "in quarantine from {since:z} to {until:z}, and {waiting} held records wait to be released",
    ),
}
