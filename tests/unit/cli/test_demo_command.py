"""What `demo --keep` says at its end: how to reach what it has left, and what to try there."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from events.regimes import RegimeName
from streams.cli.demo import _how_to_reach
from streams.demo.report import DemoReport, DonorTotals, ExperimentLine, Figures, Latency
from streams.demo.run import DemoResult

DONOR = DonorTotals("external:0123456789abcdef0123456789abcdef", "US-CA", 4, {"USD": 959_940}, None)
FIGURES = Figures(9, 9, 0, {}, 3, {"USD": 959_940}, 9, 1.0, 9.0, Latency(1.0, 2.0), [DONOR])
STORY = DemoReport(FIGURES, [], [], [ExperimentLine("subject-ask-12", 765, "")], 3)


def said(story: DemoReport, regime: RegimeName = "us") -> list[str]:
    environment = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "REDIS_URL": "redis://127.0.0.1:2/0"}
    workers = SimpleNamespace(addresses_now=lambda: ["http://127.0.0.1:3/metrics"], process=SimpleNamespace(pid=7))
    stack, log = SimpleNamespace(environment=environment), Path("/home/demo/worker.log")
    ended = DemoResult(story, cast(Any, stack), cast(Any, workers), log, regime)
    return "\n".join(_how_to_reach(ended, "harmonia")).splitlines()


def test_what_is_to_be_tried_after_the_french_story_is_of_it_and_under_its_regime() -> None:
    shown = said(replace(STORY, tried=[]), "fr")
    assert any(line.startswith("  export ") and line.endswith(" HARMONIA_REGIME=fr") for line in shown)
    tried = [line.split()[1:3] for line in shown if line.startswith("  harmonia")]
    assert ["retention", "report"] in tried
    assert ["contact", "origin"] in tried
    assert "experiments" not in [words[0] for words in tried]
