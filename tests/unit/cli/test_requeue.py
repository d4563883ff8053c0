"""What a rehearsal shows of a person: amounts as money, times to the second, all else as it is."""

import pytest

from events.json_types import JSON
from streams.cli.requeue import print_quarantines, short_value
from streams.domain.quarantine.quarantines import Quarantine


@pytest.mark.parametrize(
    ("field", "value", "cell"),
    [
        ("donations.net.USD", 250_000, "$2,500.00"),
        ("counts.donation.made", 1, "1"),
        ("last_seen", "2012-02-22T10:00:00.123Z", "2012-02-22 10:00:00"),
        ("email.subscribed", True, "true"),
        ("zones.region", None, "-"),
    ],
)
def test_a_value_is_shown_as_people_write_it(field: str, value: JSON, cell: str) -> None:
    assert short_value(field, value) == cell


def test_a_source_in_quarantine_is_shown_whole_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    source = "digital/newsletter"
    print_quarantines([Quarantine(source, 1_330_603_200_000, 1_330_604_100_000, 810)], 1_330_603_300_000, {source: 50})
    told = capsys.readouterr().out
    assert source in told
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80
