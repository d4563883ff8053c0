import pytest

from benchmarks.pipeline.latency import Delays, Spent, delays_of
from benchmarks.pipeline.pacing import probe
from benchmarks.pipeline.sightings import Sightings
from benchmarks.pipeline.takeover import first_new
from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher


def test_a_share_of_the_probes_kept_within_its_percentile() -> None:
    delays = Delays([number / 1000 for number in range(1, 201)], Spent(0, 0, 1), 1)
    assert [delays.millis(share) for share in (0.5, 0.99, 1)] == [100, 198, 200]


def test_probes_of_the_first_seconds_do_not_count() -> None:
    assert delays_of({"early": 1, "late": 3, "later": 4}, {"early": 9, "late": 5, "later": 4.5}, since=2) == [0.5, 2]


def test_a_probe_that_was_acknowledged_and_never_seen_is_no_figure() -> None:
    with pytest.raises(KeyError):
        delays_of({"lost": 3}, {}, since=2)


def test_the_gap_ends_with_the_first_that_is_new_and_not_with_what_was_under_way() -> None:
    assert first_new({"before": 9, "after": 11, "last": 12}, {"before": 10.5, "after": 15, "last": 14}, since=10) == 4


def test_the_first_sighting_counts() -> None:
    seen = Sightings()
    for at in (1.0, 2.0):
        seen.note("probe-1", at)
    assert seen.wait_for(1, patience_s=0) == {"probe-1": 1.0}


def test_a_probe_is_an_interaction_of_the_contact_that_it_names() -> None:
    said = probe("probe-17", 1_700_000_000_000)
    found = decode(Record(said.topic, said.value, [], 1_700_000_000_000), "US")
    assert isinstance(found, Interaction)
    assert harmonise(found, Hasher([b"key"]))[0] == "probe-17"
