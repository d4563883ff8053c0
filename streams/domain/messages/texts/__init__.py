"""The English sentences of all messages, by code; one module for each subject."""

from collections.abc import Mapping

from streams.domain.messages.fields import Template
from streams.domain.messages.texts.alerts import ALERTS
from streams.domain.messages.texts.daily_report import DAILY_REPORT
from streams.domain.messages.texts.experiments import EXPERIMENTS
from streams.domain.messages.texts.file_mistakes import FILE_MISTAKES
from streams.domain.messages.texts.insights import INSIGHTS
from streams.domain.messages.texts.mistakes import CHOICES, CURES, LISTS, MISTAKES, REMARKS
from streams.domain.messages.texts.permissions import PERMISSIONS
from streams.domain.messages.texts.segments import SEGMENTS
from streams.domain.messages.texts.sources import SOURCES
from streams.domain.messages.texts.status import STATUS
from streams.domain.messages.texts.tonight import TONIGHT

TEMPLATES: Mapping[str, Template] = {
    "text": "{text}",
    "unknown": "–",
    "sum": "{amounts: + }",
    "all_of": "{items}",
    **EXPERIMENTS,
    **PERMISSIONS,
    **SOURCES,
    **SEGMENTS,
    **STATUS,
    **ALERTS,
    **DAILY_REPORT,
    **INSIGHTS,
    **TONIGHT,
    **MISTAKES,
    **CURES,
    **LISTS,
    **REMARKS,
    **CHOICES,
    **FILE_MISTAKES,
}
