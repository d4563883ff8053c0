"""A hole fails a build; a service that is out of reach is told, and fails none."""

import json

from streams.local.audit import read_report, verdict

FINE = {"name": "idna", "version": "3.1", "vulns": []}
BROKEN = {"name": "redis", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": []}]}
HOPELESS = {"name": "redis", "version": "1.0", "vulns": [{"id": "PYSEC-2", "fix_versions": [], "aliases": []}]}
UNKNOWN = {"name": "mode", "skip_reason": "Dependency not found and could not be audited: mode (1.0)"}


def said(*libraries: object) -> str:
    return verdict("a.lock", read_report(json.dumps({"dependencies": libraries, "fixes": []})))


def test_a_hole_is_named_with_its_cure() -> None:
    assert said(FINE, BROKEN, HOPELESS) == (
        "a.lock: redis 1.0: PYSEC-1, mended in 1.1\na.lock: redis 1.0: PYSEC-2, not mended yet"
    )
    assert read_report(json.dumps({"dependencies": [BROKEN]})).holes


def test_a_service_out_of_reach_is_not_taken_for_a_clean_bill() -> None:
    assert "NOT LOOKED UP" in said(UNKNOWN)
    assert "NOT LOOKED UP" in verdict("a.lock", read_report(""))
    assert "NOT LOOKED UP" in verdict("a.lock", read_report("[]"))
