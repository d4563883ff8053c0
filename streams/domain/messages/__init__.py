"""Messages for people: warnings, verdicts and reasons as codes with fields, and their English sentences."""

from streams.domain.messages.english import Show, english, fill, number_of, sentence_of, shown
from streams.domain.messages.fields import (
    Change,
    CodedMessage,
    Day,
    Duration,
    Expected,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    Template,
    message,
    visible,
    visible_message,
)
from streams.domain.messages.texts import TEMPLATES

__all__ = [
    "TEMPLATES",
    "Change",
    "CodedMessage",
    "Day",
    "Duration",
    "Expected",
    "Field",
    "Instant",
    "Listed",
    "Money",
    "PercentagePoints",
    "Plural",
    "Share",
    "Show",
    "Template",
    "english",
    "fill",
    "message",
    "number_of",
    "sentence_of",
    "shown",
    "visible",
    "visible_message",
]
