"""What `harmonia topics create` says of replicas."""

import pytest

from streams.cli.topics import replicas_told


@pytest.mark.parametrize(
    ("replicas", "told"),
    [
        ({"a": 3, "b": 3}, "each has 3 replicas"),
        ({"a": 1}, "each has 1 replica"),
        ({"a": 3, "b": 3, "d": 1, "c": 1, "e": 3}, "3 have 3 replicas; c, d with 1 replica"),
    ],
)
def test_replicas_are_told_once_and_topics_that_differ_are_named(replicas: dict[str, int], told: str) -> None:
    assert replicas_told(replicas) == told
