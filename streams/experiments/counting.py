"""From what is known of a person to what the person adds to each experiment."""

from collections.abc import Mapping

from streams.contact.overview import Overview
from streams.experiments.given import Given
from streams.experiments.rules import Rule


def given(contact_id: str, known: Overview, rules: Mapping[str, Rule], before: tuple[Given, ...]) -> tuple[Given, ...]:
    """What the person adds to each experiment, by experiment. `rules`: by experiment; the others have the defaults.

    `before`: what the same person had added until now, which is returned itself where nothing has changed.
    """
    return ()
