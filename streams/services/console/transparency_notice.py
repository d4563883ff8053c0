"""The label and the notice of a paid campaign, in the language of who reads them, and the same for programs."""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from events.outputs import CampaignTransparency
from streams.domain.advertising.transparency import ChosenAudience
from streams.services.console.rendering import render_signed_out
from streams.services.console.words import Words

PAGE, DATA, LABEL = "notice.html", "notice.json", "label.txt"


def notice_files(
    versions: Sequence[CampaignTransparency], audiences: Sequence[ChosenAudience], words: Words
) -> dict[str, bytes]:
    """The files by name. `versions`: of the record, the latest last."""
    record = versions[-1]
    context = {
        "record": record,
        "label": label_of(record, words),
        "begins_ms": _ms(record["begins"]),
        "ends_ms": _ms(record["ends"]),
        "audiences": [(datetime.fromisoformat(each.at).timestamp() * 1000, each) for each in audiences],
        "earlier": len(versions) - 1,
    }
    data = {
        "record": record,
        "label": label_of(record, words),
        "audiences": [each._asdict() for each in audiences],
        "earlier_versions": [*versions[:-1]],
    }
    page = render_signed_out("transparency_notice.html", words, context)
    return {
        LABEL: label_of(record, words).encode() + b"\n",
        PAGE: page.encode(),
        DATA: orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
    }


def label_of(record: CampaignTransparency, words: Words) -> str:
    """What has to stand beside each ad: that it is one, who pays, for which election, and where the notice is."""
    parts = [words.text("Political advertisement"), words.text("paid for by {sponsor}", sponsor=record["sponsor"])]
    if "controlled_by" in record:
        parts.append(words.text("controlled by {name}", name=record["controlled_by"]))
    if "election" in record:
        parts.append(words.text("election: {name}", name=record["election"]))
    if "notice_url" in record:
        parts.append(words.text("transparency notice: {url}", url=record["notice_url"]))
    return " · ".join(parts)


def _ms(day: str) -> int:
    return round(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp() * 1000)
