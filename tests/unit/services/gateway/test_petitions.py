"""Petitions of hooks where files of petitions are refused: those of one's own site count once the hook says so."""

from pathlib import Path

import orjson
import pytest

from events.identifiers import Hasher
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from streams.platform.settings import Settings
from streams.worker.agents.intake.agent import Remarks, judge
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.adapters.fixtures_actionnetwork import FIXTURES
from tests.unit.services.gateway.in_process import Gateway

NOW = 1_764_100_000_000
HOOK = """
[hooks.actionnetwork]
auth = "none"
source = "digital/actionnetwork"
"""
OWN_SITE = HOOK + 'provenance = { kind = "self", file = "our-site", notice = "n-2", notice_by = "form" }\n'
HASHER = Hasher([b"a key"])
SIGNATURE = FIXTURES["osdi:signature"].bytes


async def taken(folder: Path, file: str, regime: str, body: bytes = SIGNATURE) -> tuple[bytes, Refusal | None]:
    """What the gateway hands on of a signature, and why the intake of this regime takes nothing of it."""
    gateway = Gateway(folder, file, {}, NOW)
    assert (await gateway.ask("/v1/hooks/actionnetwork", body)).status == 204
    [kept] = gateway.kept.outputs
    assert kept.value is not None
    wall = Settings.model_validate({"regime": regime}).wall
    found = judge(Fetched(0, kept.value, timestamp=NOW, topic=kept.topic), HASHER, Remarks.none(), wall)
    return kept.value, found if isinstance(found, Refusal) else None


@pytest.mark.parametrize("regime", sorted(REGIMES))
async def test_a_petition_of_ones_own_site_is_taken_under_every_regime(tmp_path: Path, regime: str) -> None:
    told, refusal = await taken(tmp_path, OWN_SITE, regime)

    assert refusal is None
    assert orjson.loads(told)["data"]["provenance"] == {
        "kind": "self",
        "file": "our-site",
        "notice": "n-2",
        "notice_by": "form",
    }


@pytest.mark.parametrize("regime", ["eu", "fr"])
async def test_a_petition_of_a_hook_that_says_no_source_is_refused_with_the_cure(tmp_path: Path, regime: str) -> None:
    _, refusal = await taken(tmp_path, HOOK, regime)

    assert refusal is not None
    assert refusal.reason is Reason.REFUSED_SOURCE
    assert "self" in refusal.detail
    assert "hook" in refusal.detail
    assert "docs/provenance.md" in refusal.detail


async def test_a_hook_that_says_its_petitions_are_a_file_of_petitions_is_refused(tmp_path: Path) -> None:
    _, refusal = await taken(tmp_path, HOOK + 'provenance = { kind = "petition" }\n', "fr")

    assert refusal is not None
    assert "self" not in refusal.detail
