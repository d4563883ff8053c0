from pathlib import Path
from random import Random

from benchmarks.pipeline.sizes import bytes_below
from benchmarks.pipeline.states import own_state
from streams.domain.contact import decode

NOW = 1_329_904_800_000


def test_files_of_a_kind_are_added_up_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "deep/deeper").mkdir(parents=True)
    for name, size in (("a.log", 3), ("deep/b.log", 4), ("deep/deeper/c.log", 5), ("a.index", 100)):
        (tmp_path / name).write_bytes(b"x" * size)

    assert bytes_below(tmp_path, "*.log") == 12
    assert bytes_below(tmp_path, "*") == 112
    assert bytes_below(tmp_path / "nowhere", "*") == 0


def test_everybody_has_a_history_of_their_own() -> None:
    rng = Random(1)
    states = [own_state(rng, person, NOW) for person in range(20)]

    assert len(set(states)) == 20
    assert all(f"{person:08d}-00".encode() in state for person, state in enumerate(states))
    assert all(4 <= decode(state).version <= 24 for state in states)
