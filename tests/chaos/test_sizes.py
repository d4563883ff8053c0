"""Records and contacts at their limits, with a worker killed among them."""

import signal
from dataclasses import replace
from random import Random

import orjson

from streams.demo.check import Letter
from streams.demo.read_back import letters_in_topic
from streams.demo.script import Script
from streams.demo.truth import Sent
from streams.domain.contact import decode
from streams.domain.contact.fold import RESERVE, ROOM
from tests.chaos.large import TALKER, with_a_talker, with_the_largest
from tests.chaos.load import Load, load
from tests.chaos.site import Site
from tests.chaos.verdict import table_of

LARGEST = 12


def play_with_a_kill(site: Site, running: Load, rng: Random) -> None:
    worker = site.start("one")
    running.until_folded(rng.randrange(100, 500))
    assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
    running.must_be_under_way()
    site.start("two")
    running.finish()


def test_records_of_the_largest_size_and_one_byte_more(site: Site, script: Script, seed: int) -> None:
    rng = Random(seed)
    script = with_the_largest(script, rng, LARGEST)
    with load(site.deployment, script) as running:
        play_with_a_kill(site, running, rng)
        site.must_be_exact(running, script)
        assert sum(letter.reason == "too_large" for letter in running.letters()) == LARGEST


def test_a_contact_that_grows_to_every_limit(site: Site, script: Script, seed: int) -> None:
    """What found no room is in `dead-letters`, each once, and the profile is that of all the rest."""
    rng = Random(seed)
    script = with_a_talker(script, rng)
    with load(site.deployment, script) as running:
        play_with_a_kill(site, running, rng)
        every_letter = letters_in_topic(site.deployment.consumer)
        full = [letter for letter in every_letter if letter.reason == "contact_full"]
        assert len(full) == len(set(full)), "the fold writes each letter once"
        left_out = {_name(letter) for letter in full}
        kept = [one for one in script.publications if (one.sent.source, one.sent.id) not in left_out]
        truth = replace(script, publications=kept).profiles(site.deployment.identify)
        site.must_be_as_told(truth, running.letters() | set(full))
        _must_be_full(site, [one.sent for one in script.publications if _name_of(one.sent) in left_out])


def _must_be_full(site: Site, refused: list[Sent]) -> None:
    """Both limits were reached, and a no was refused only at the second."""
    contact_id = site.deployment.identify(TALKER)
    weight = decode(table_of(site.deployment)[contact_id.encode()]).weight
    smallest = min(len(orjson.dumps(one.fields["answers"])) for one in refused)
    assert ROOM + RESERVE - smallest < weight <= ROOM + RESERVE
    assert {one.fields["outcome"] for one in refused} == {"contacted", "do_not_contact"}
    assert all(site.deployment.identify(one.contact) == contact_id for one in refused)


def _name(letter: Letter) -> tuple[str, str]:
    said = orjson.loads(letter.value)
    return said["source"], said["id"]


def _name_of(sent: Sent) -> tuple[str, str]:
    return sent.source, sent.id
