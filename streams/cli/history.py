"""How commands ask history: the lake and what is not in it yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from streams.cli.failures import failing_plainly, refuse
from streams.cli.saying import say
from streams.cli.waiting import waiting
from streams.history.insights.spans import TOPIC_DAYS
from streams.platform.errors import KafkaAway
from streams.platform.signals import signals_end_the_block

if TYPE_CHECKING:
    from streams.history.insights.answering import LoadedHistory
    from streams.platform.settings import Settings

Answer = TypeVar("Answer")
WITHOUT_LAKE = (
    f"no lake is set (HARMONIA_LAKE): this is what the topic interactions still holds, of at most {TOPIC_DAYS} days; "
    "what is older is left out"
)


def ask_history(settings: Settings, question: Callable[[LoadedHistory], Answer]) -> Answer:
    """What it answers of the history of this moment; ends the command with a reason where that cannot be read."""
    import duckdb

    from sinks.lake.manifests import LakeDamaged
    from streams.history.insights.answering import ask_now

    if settings.lake is None:
        say(WITHOUT_LAKE, err=True)
    with (
        failing_plainly(),
        signals_end_the_block(),  # DuckDB may have rows of people in a temporary folder
        waiting("Reading history") as told,
    ):
        try:
            return ask_now(settings, question, told)
        except LakeDamaged as error:
            refuse(str(error))
        except KafkaAway:  # is an OSError too, and no fault of the lake
            raise
        except (OSError, duckdb.Error) as error:
            refuse(f"HARMONIA_LAKE cannot be read ({type(error).__name__}): is it where it was, and whole?")
