"""The list of stores holds every place that a setting names, so that none is left out of the register."""

from pathlib import Path
from typing import get_args

import pytest

from streams.platform.settings import Settings
from streams.platform.stores import STORES, WITHOUT_PEOPLE

OF_STORES = {name for store in STORES for name in store.settings}
NOT_PATHS = {"lake", "postgres", "redis_url"}
"""Places that are no paths; the broker's are in the list of topics."""


def _is_place(name: str) -> bool:
    if name.startswith(("kafka_", "redis_")) or f"{name}".endswith("_file"):
        return False  # certificates, and files that hold a secret
    annotation = Settings.model_fields[name].annotation
    return Path in (annotation, *get_args(annotation)) or "Path" in str(annotation)


def test_each_setting_that_names_a_place_is_of_a_store_or_of_a_file_with_nobody_in_it() -> None:
    places = {name for name in Settings.model_fields if _is_place(name)} | NOT_PATHS
    assert places >= {"state_dir", "desk", "home", "console_people"}
    assert places == OF_STORES | WITHOUT_PEOPLE
    assert set() == OF_STORES & WITHOUT_PEOPLE


@pytest.mark.parametrize("store", STORES, ids=lambda store: store.place)
def test_only_what_is_not_configured_is_out_of_use(store: object, tmp_path: Path) -> None:
    [found] = [one for one in STORES if one is store]
    bare = Settings(_env_file=None)
    expected = "unknown" if not found.settings else "no" if found.is_optional else "yes"
    assert found.use(bare) == expected
    given = {name: "postgresql://db.example.org/bi" if name == "postgres" else str(tmp_path) for name in found.settings}
    if found.is_optional:
        assert found.use(Settings(_env_file=None, **given)) == "yes"  # type: ignore[arg-type]
