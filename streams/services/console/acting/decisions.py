"""Sends what somebody decided about people, as `harmonia contact` does, and tells what became of it."""

import asyncio
from collections.abc import Sequence

from kafka.errors import KafkaError

from events.refusal import Refusal
from sinks.lookup import ContactAnswer, Incomplete, KnownContact
from streams.services.console.acting.reaching_kafka import kept_from_sending
from streams.services.console.acting.request import ActRequest
from streams.services.console.outcomes import Outcome, not_done, unsure
from streams.services.console.page import PageRefused
from streams.services.console.pages.person_looks import outcome_of, unknown_name
from streams.services.contact_decisions.commands import Decider, Decision
from streams.services.contact_decisions.sending import send_and_wait
from streams.services.permission.decision_messages import incomplete_message

WAIT_S = 15.0
"""Seconds that Redis has to show the effect."""


def decider(asked: ActRequest) -> Decider:
    """Who makes the decisions of somebody in the console."""
    return Decider(asked.deps.settings, asked.source)


async def known_people(asked: ActRequest, ids: Sequence[str]) -> list[KnownContact] | Outcome:
    """The people of these ids whom the viewer may see, each under the id by which they are known now.

    Raises PageRefused where one is unknown, forgotten or out of scope, which is written down, and SinkUnavailable.
    """
    seen = await asked.deps.lookup.look([[each] for each in ids])
    if isinstance(seen, Incomplete):
        why = asked.page().words.message(incomplete_message(seen))
        return not_done("Nothing was done", "{why}", status=503, why=why)
    return [await _known(asked, each) for each in seen.contacts]


async def _known(asked: ActRequest, found: ContactAnswer) -> KnownContact:
    outcome = outcome_of(found, asked.viewer)
    if isinstance(found, KnownContact) and outcome == "found":
        return found
    if outcome == "outside":
        asked.deps.metrics.refused.labels("scope").inc()
    name = unknown_name(found.contact_id, asked.deps.settings.hasher) if outcome == "unknown" else found.contact_id
    await asked.deps.views.person(asked.viewer, asked.signed_in.session.reason, name, outcome)
    if outcome == "erased" and asked.viewer.scope.regions is None:
        raise PageRefused(410, "Forgotten", "This person was forgotten. Nothing is kept but that.")
    text = "Nobody is known by a contact id that you gave, or nobody whom you may see. Look whether it is spelt right."
    raise PageRefused(404, "Not found", text)


async def decide(
    asked: ActRequest, decision: Decision | Refusal, before: Sequence[ContactAnswer], shown: Outcome
) -> Outcome:
    """Send it, and wait until Redis shows it; then `shown` is what became of it."""
    if isinstance(decision, Refusal):
        return not_done("Nothing was done", "The intake would refuse it: {why}", shown.to, 422, why=decision.detail)
    if (kept := await kept_from_sending(asked.deps.settings, shown.to)) is not None:
        return kept
    try:
        is_shown = await asyncio.to_thread(send_and_wait, asked.deps.settings, decision, before, WAIT_S)
    except (KafkaError, OSError):
        return unsure(
            "Not sure that it was sent",
            "Kafka did not say that it has it, so do not rely on it. Look at how things stand, and do it again.",
            shown.to,
        )
    if is_shown:
        return shown
    return unsure(
        "Sent, and not in force yet",
        "Kafka has it, so it will be carried out. But Redis does not show it: do not rely on it until the page of the "
        "person does. Does a worker run, and is Redis up? Or did somebody else decide otherwise?",
        shown.to,
    )
