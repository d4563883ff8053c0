import pytest

from streams.platform.unknown_variables import UnknownVariable, unknown_among

KNOWN = {"HARMONIA_TIME_ZONE", "HARMONIA_LAKE", "HARMONIA_METRICS_PORT", "KAFKA_BOOTSTRAP", "REDIS_URL"}


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("HARMONIA_TIMEZONE", "HARMONIA_TIME_ZONE"),
        ("harmonia_timezone", "HARMONIA_TIME_ZONE"),
        ("HARMONIA_BOOTSTRAP", "KAFKA_BOOTSTRAP"),
        ("HARMONIA_METRIC_PORT", "HARMONIA_METRICS_PORT"),
        ("HARMONIA_COLOUR", None),
    ],
)
def test_a_variable_that_is_no_setting_comes_with_the_setting_spelled_like_it(variable: str, near: str | None) -> None:
    assert unknown_among({variable: "x"}, KNOWN) == [UnknownVariable(variable.upper(), near)]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HARMONIA_TIME_ZONE", "UTC"),
        ("harmonia_lake", "/srv/lake"),
        ("TIMEZONE", "UTC"),
        ("HARMONIA_API_SERVICE_HOST", "10.0.0.1"),
        ("HARMONIA_API_SERVICE_PORT_HTTP", "8080"),
        ("HARMONIA_API_PORT", "tcp://10.0.0.1:8080"),
        ("HARMONIA_API_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_settings_other_programs_variables_and_those_of_kubernetes_are_not_named(variable: str, value: str) -> None:
    assert unknown_among({variable: value}, KNOWN) == []
