"""A segment's tag while other things happen: it is judged anew, a policy is published, a run is interrupted."""

from pathlib import Path

import pytest
from redis import Redis

from sinks.keys import segment_counts_key, segment_definitions_key
from streams.domain.pressure import default_policy_text
from streams.platform.errors import Unusable
from streams.platform.policy_file import policy_of
from streams.services.vendors.actionnetwork import ActionNetwork
from tests.contract.redis_server import RedisServer
from tests.contract.vendors.bench import TAG, Bench
from tests.contract.vendors.people import BELONGING, SEGMENT
from tests.contract.vendors.vendor_server import Call


@pytest.mark.parametrize("when", ["while it reads", "while it writes"])
@pytest.mark.parametrize("how", ["filling", "withdrawn", "defined anew"])
def test_by_a_segment_that_is_judged_anew_meanwhile_nobody_loses_the_tag(
    network: Bench, redis_server: RedisServer, how: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ActionNetwork, "at_once", 1)
    network.tag(TAG, *BELONGING, "olaf@example.org", "unknown@example.org")
    counts_key, definitions_key = segment_counts_key(1), segment_definitions_key(0)
    with Redis(port=redis_server.port) as client:
        counts, definition = client.hget(counts_key, SEGMENT), client.hget(definitions_key, SEGMENT)
        assert isinstance(counts, bytes)
        assert isinstance(definition, bytes)

        def change(call: Call) -> None:
            if network.server.is_write(call) if when == "while it writes" else call.path.endswith("/people"):
                if how == "filling":
                    client.hset(counts_key, SEGMENT, counts.replace(b"complete", b"filling"))
                elif how == "withdrawn":
                    client.hdel(definitions_key, SEGMENT)
                else:
                    client.hset(definitions_key, SEGMENT, definition.replace(b"volunteer", b"donor"))

        network.server.before = change
        told = {"filling": "filling: not everybody", "withdrawn": "no such segment", "defined anew": "defined anew"}
        try:
            with pytest.raises(Unusable, match=f"{SEGMENT}: .*{told[how]}"):
                network.run(SEGMENT)
        finally:
            client.hset(counts_key, SEGMENT, counts)
            client.hset(definitions_key, SEGMENT, definition)
    assert len(network.written()) == (1 if when == "while it writes" else 0), "what was under way, and nothing more"
    network.server.before = lambda call: None
    network.run(SEGMENT)
    assert network.tagged() == BELONGING


def test_the_policy_that_was_published_while_the_list_was_read_is_the_one_that_counts(
    network: Bench, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    packaged = default_policy_text()
    policy.write_text(packaged)
    settings = network.settings().model_copy(update={"policy": policy})

    def publish(call: Call) -> None:
        if call.path.endswith("/people"):
            policy.write_text(packaged.replace("needs_consent = []", 'needs_consent = ["email"]'))

    network.server.before = publish
    result = network.run(SEGMENT, settings=settings)
    assert network.tagged() == set(), "of nobody here a consent is known"
    assert result.policy_version == policy_of(policy).version
