import stat
from pathlib import Path

import pytest

from streams.platform.errors import Unusable
from streams.worker.state_dir import child_of, own_for_workers, own_state_dir, remove_old_stores
from tests.unit.engine.test_stores import let_time_pass, make, there


def old_store(directory: Path) -> None:
    make(directory, ("contacts", 0))
    let_time_pass(directory / "contacts/0")


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    with own_state_dir(tmp_path / "new"), pytest.raises(Unusable, match="HARMONIA_STATE_DIR is another worker's"):
        own_state_dir(tmp_path / "new")
    own_state_dir(tmp_path / "new").close()


def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unusable, match="HARMONIA_STATE_DIR cannot be used"):
        own_state_dir(tmp_path / "file")


@pytest.mark.parametrize("before", [None, 0o755, 0o777, 0o700])
def test_other_users_may_not_look_into_a_state_directory(tmp_path: Path, before: int | None) -> None:
    state = tmp_path / "state"
    if before is not None:
        state.mkdir()
        state.chmod(before)

    own_state_dir(state).close()
    own_state_dir(child_of(state, 0)).close()

    assert [stat.S_IMODE(there.stat().st_mode) for there in (state, child_of(state, 0))] == [0o700, 0o700]


def test_a_volume_that_a_group_shares_stays_the_groups(tmp_path: Path) -> None:
    """So Kubernetes hands it out, and makes all of it anew when it does not find it so."""
    tmp_path.chmod(0o2775)

    own_state_dir(tmp_path).close()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o2770


def test_a_directory_of_another_user_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    own_state_dir(tmp_path).close()


def test_who_starts_workers_has_their_directories_too(tmp_path: Path) -> None:
    with own_state_dir(child_of(tmp_path, 1)), pytest.raises(Unusable, match="HARMONIA_STATE_DIR is another worker's"):
        own_for_workers(tmp_path)
    with own_for_workers(tmp_path), pytest.raises(Unusable):
        own_for_workers(tmp_path)
    with own_for_workers(tmp_path), pytest.raises(Unusable):
        own_state_dir(tmp_path)
    with own_for_workers(tmp_path), own_state_dir(child_of(tmp_path, 0)):
        pass


def test_an_owner_tidies_its_own_directory_and_those_of_several_workers_that_were_there_before(tmp_path: Path) -> None:
    directories = [tmp_path, child_of(tmp_path, 0), child_of(tmp_path, 1)]
    for directory in directories:
        old_store(directory)

    with own_state_dir(tmp_path):
        remove_old_stores(tmp_path)

    assert [there(directory) for directory in directories] == [{"worker-0/contacts", "worker-1/contacts"}, set(), set()]


def test_who_starts_workers_tidies_where_none_of_them_is(tmp_path: Path) -> None:
    """They were more, or one alone, once."""
    mine, gone = child_of(tmp_path, 0), child_of(tmp_path, 3)
    for directory in (tmp_path, mine, gone):
        old_store(directory)

    with own_for_workers(tmp_path), own_state_dir(mine):
        remove_old_stores(tmp_path)

    assert (there(mine), there(gone)) == ({"contacts/0"}, set())
    assert not (tmp_path / "contacts/0").exists()
