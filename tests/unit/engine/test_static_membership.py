"""What a worker with a name does when the group does not know it any more."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import errors
from aiokafka.protocol.group import JoinGroupRequest

from streams.engine.static_membership import know_fenced_instances, name_in_group, stop_when_replaced
from streams.platform.errors import Fenced


class Coordinator(SimpleNamespace):
    """The part of aiokafka's that is watched."""

    def __init__(self) -> None:
        super().__init__(member_id="known", _closing=asyncio.Future[None](), forgotten=0, pushed=list[Exception]())

    def reset_generation(self) -> None:
        self.forgotten += 1

    def _push_error_to_user(self, error: Exception) -> str:
        self.pushed.append(error)
        return "waits"


@pytest.fixture
async def coordinator() -> Coordinator:
    return Coordinator()


@pytest.fixture
def stopped(coordinator: Coordinator) -> list[str]:
    said: list[str] = []

    def stop(error: Fenced) -> None:
        said.append(str(error))

    stop_when_replaced(coordinator, "pod-1", stop)
    return said


async def test_a_member_that_the_group_does_not_know_stops(coordinator: Coordinator, stopped: list[str]) -> None:
    coordinator.reset_generation()

    assert len(stopped) == 1
    assert "HARMONIA_INSTANCE pod-1" in stopped[0]


async def test_whoever_leaves_or_has_not_joined_yet_just_goes_on(coordinator: Coordinator, stopped: list[str]) -> None:
    coordinator.member_id = JoinGroupRequest.UNKNOWN_MEMBER_ID
    coordinator.reset_generation()
    coordinator.member_id = "known"
    coordinator._closing.set_result(None)
    coordinator.reset_generation()

    assert (coordinator.forgotten, stopped) == (2, [])


async def test_the_brokers_word_for_a_name_that_was_taken_is_known(
    coordinator: Coordinator, stopped: list[str]
) -> None:
    know_fenced_instances()
    refused = errors.KafkaError(repr(errors.for_code(82)()))  # as aiokafka passes on what a join was answered

    assert coordinator._push_error_to_user(errors.KafkaError(repr(errors.UnknownError()))) == "waits"
    assert stopped == []
    coordinator._push_error_to_user(refused)
    assert len(stopped) == 1


def test_a_name_is_another_where_other_topics_are_read() -> None:
    names = [name_in_group("pod-1", topics) for topics in (["a", "b"], ["b", "a"], ["a", "b", "c"], ["ab"])]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(name.startswith("pod-1.") for name in names)
