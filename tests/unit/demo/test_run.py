"""A demo counts everything in its directory, so it has that to itself."""

from pathlib import Path

import pytest

from streams.demo.run import DemoBusy, _alone


def test_a_second_demo_in_one_directory_is_refused(tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(DemoBusy, match="HARMONIA_HOME"), _alone(tmp_path):
        pass


def test_a_second_demo_may_follow_when_the_first_has_ended(tmp_path: Path) -> None:
    with _alone(tmp_path):
        pass
    with _alone(tmp_path):
        pass
