"""Commits that succeed while nobody is told: the watermark says what happened, and nothing is folded on a guess."""

from streams.demo.script import Script
from tests.chaos.load import load
from tests.chaos.site import Site
from tests.chaos.workers import SABOTAGED

LOST = "chaos: the answer to a commit is lost"


def test_answers_to_commits_are_lost(site: Site, script: Script, seed: int) -> None:
    worker = site.start("one", {"CHAOS_LOSE_ANSWERS": f"{seed}:0.1"}, program=SABOTAGED)
    with load(site.deployment, script) as running:
        running.until_folded(500)
        running.finish()
        assert worker.log.read_text().count(LOST) >= 3
        assert worker.process.poll() is None
        site.must_be_exact(running, script)
