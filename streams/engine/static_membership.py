"""Static membership of a worker in its group, by a name: a restart within a session disturbs nobody else.

aiokafka joins by the name, but says it neither in heartbeats nor in commits, and does not know the broker's word for a
member whose name another process has taken. It would join anew and so throw the other out, which would do the same.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import errors
from aiokafka.protocol.group import JoinGroupRequest

from streams.platform.errors import Fenced


class FencedInstanceIdError(errors.BrokerResponseError):  # type: ignore[misc]
    """The broker's error 82."""

    errno = 82
    message = "FENCED_INSTANCE_ID"
    description = "Another process has joined the group by this instance's name."


def know_fenced_instances() -> None:
    """Let aiokafka, for the whole process, tell this error from those that it does not know."""
    errors.kafka_errors[FencedInstanceIdError.errno] = FencedInstanceIdError


def name_in_group(instance: str, topics: Iterable[str]) -> str:
    """The group instance id: another one where other topics are read.

    To whoever comes back by a name that it knows, the broker gives what the name had, without asking anybody: topics
    that a new version reads would be nobody's.
    """
    digest = hashlib.sha256("\n".join(sorted(topics)).encode()).hexdigest()
    return f"{instance}.{digest[:8]}"


def given_away(instance: str) -> str:
    """Why a worker with a name is fenced."""
    return (
        f"the group has given the place of HARMONIA_INSTANCE {instance} away: to another process of that name, "
        "or since this one was not heard of for a session"
    )


def stop_when_replaced(coordinator: Any, instance: str, stop: Callable[[Fenced], None]) -> None:
    """Have `stop` called instead of joining anew once the group does not know this member any more."""
    forget, push = coordinator.reset_generation, coordinator._push_error_to_user

    def replaced() -> None:
        stop(Fenced(given_away(instance)))

    def reset_generation() -> None:
        if coordinator.member_id != JoinGroupRequest.UNKNOWN_MEMBER_ID and not coordinator._closing.done():
            replaced()
        forget()

    def push_error(error: Exception) -> Any:
        if FencedInstanceIdError.__name__ in str(error):
            replaced()
        return push(error)

    coordinator.reset_generation = reset_generation
    coordinator._push_error_to_user = push_error
