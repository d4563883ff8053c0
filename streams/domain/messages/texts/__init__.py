"""The English sentences of all messages, by code; one module for each subject."""

from collections.abc import Mapping

from streams.domain.messages.fields import Template
from streams.domain.messages.texts.experiments import EXPERIMENTS

TEMPLATES: Mapping[str, Template] = {"text": "{text}", **EXPERIMENTS}
