"""Settings."""

import socket
from pathlib import Path
from typing import get_args

import pytest
import typer
from pydantic import ValidationError

from streams.cli.failures import WRONG_USE, load_settings
from streams.platform.errors import Unusable
from streams.platform.settings import LOCAL_IDENTITY_KEY, Settings, env_file_note, variable_of
from streams.platform.stores import STORES, WITHOUT_PEOPLE
from streams.platform.tokens import read_tokens
from streams.platform.unknown_variables import UnknownVariable, unknown_among
from streams.worker.preflight import require_usable


@pytest.fixture(autouse=True)
def _no_other_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither those of whoever runs the tests, nor a `.env`."""
    for name in [field.upper() for field in Settings.model_fields]:
        monkeypatch.delenv(f"HARMONIA_{name}", raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_file_names_settings_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("HARMONIA_PARTITIONS=12\nHARMONIA_CHUNK_RECORDS=7\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("HARMONIA_PARTITIONS", "16")

    assert (Settings().partitions, Settings().chunk_records) == (16, 7)


@pytest.mark.parametrize(
    ("regime", "region", "zone"), [("us", "US", "UTC"), ("fr", "FR", "Europe/Paris"), ("eu", "ZZ", "UTC")]
)
def test_a_regime_gives_defaults(monkeypatch: pytest.MonkeyPatch, regime: str, region: str, zone: str) -> None:
    monkeypatch.setenv("HARMONIA_REGIME", regime)
    settings = Settings()
    assert (settings.regime, settings.phone_region, settings.time_zone) == (regime, region, zone)
    assert settings.hasher.phone_region == region


def test_what_is_set_by_itself_counts_before_the_regime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("HARMONIA_REGIME=fr\nHARMONIA_TIME_ZONE=Indian/Reunion\n")
    monkeypatch.setenv("HARMONIA_PHONE_REGION", "BE")
    assert (Settings().regime, Settings().phone_region, Settings().time_zone) == ("fr", "BE", "Indian/Reunion")


@pytest.mark.parametrize("regime", [None, "us", "fr"])
def test_numbers_of_france_overseas_are_read_as_ever_where_the_regime_is_not_that_of_france(
    monkeypatch: pytest.MonkeyPatch, regime: str | None
) -> None:
    """Else whoever has set the region alone, years ago, would not find the stops of these people any more."""
    monkeypatch.setenv("HARMONIA_PHONE_REGION", "FR")
    if regime is not None:
        monkeypatch.setenv("HARMONIA_REGIME", regime)
    hasher = Settings().hasher
    assert hasher.phone("0692 12 34 56") == hasher.phone("+262692123456" if regime == "fr" else "+33692123456")


@pytest.mark.parametrize("wrong", ["FR", "de", ""])
def test_a_regime_that_is_none_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("HARMONIA_REGIME", wrong)
    with pytest.raises(ValidationError, match="'us', 'fr' or 'eu'"):
        Settings()


def test_brokers_are_separated_by_commas() -> None:
    assert Settings(kafka_bootstrap="127.0.0.1:1, localhost:2,").kafka_brokers == ["127.0.0.1:1", "localhost:2"]


@pytest.mark.parametrize("brokers", ["127.0.0.1:9092", "localhost:9092", "127.8.8.8:1", "[::1]:9092", "localhost"])
def test_on_loopback_there_is_an_identity_key_by_default(brokers: str) -> None:
    assert Settings(kafka_bootstrap=brokers).identity_keys == [LOCAL_IDENTITY_KEY.encode()]


@pytest.mark.parametrize(
    "brokers", ["kafka:9092", "10.0.0.1:9092", "127.0.0.1:9092,kafka:9092", "localhost.evil.org:1"]
)
@pytest.mark.parametrize("key", [None, LOCAL_IDENTITY_KEY, f" {LOCAL_IDENTITY_KEY} ", f"{LOCAL_IDENTITY_KEY},old"])
def test_away_from_loopback_the_public_key_is_refused(brokers: str, key: str | None) -> None:
    given = {} if key is None else {"identity_key": key}

    with pytest.raises(ValidationError, match="HARMONIA_IDENTITY_KEY must be set where KAFKA_BOOTSTRAP"):
        Settings.model_validate({"kafka_bootstrap": brokers, **given})


@pytest.mark.parametrize("url", ["redis://redis:6379/0", "rediss://10.0.0.1/0", "redis://a:b@cache.example.org:1"])
def test_a_redis_elsewhere_needs_an_identity_key(url: str) -> None:
    with pytest.raises(ValidationError, match="HARMONIA_IDENTITY_KEY must be set where KAFKA_BOOTSTRAP or REDIS_URL"):
        Settings(redis_url=url)


@pytest.mark.parametrize("url", ["redis://localhost", "redis://[::1]:6379/0", "unix:///run/redis.sock", "redis://"])
def test_a_redis_on_loopback_needs_no_identity_key(url: str) -> None:
    assert Settings(redis_url=url).identity_keys == [LOCAL_IDENTITY_KEY.encode()]


@pytest.mark.parametrize("elsewhere", [{"kafka_bootstrap": "kafka:9092"}, {"redis_url": "redis://redis:6379/0"}])
@pytest.mark.parametrize("key", ["s3cret", "fifteen bytes..", "s3cret,a secret that is long enough"])
def test_away_from_loopback_a_short_identity_key_is_refused(elsewhere: dict[str, str], key: str) -> None:
    with pytest.raises(ValidationError, match="HARMONIA_IDENTITY_KEY is shorter than 16 bytes") as refused:
        Settings.model_validate({**elsewhere, "identity_key": key})
    assert "s3cret" not in str(refused.value)


def test_of_several_identity_keys_the_first_comes_first_and_must_be_long() -> None:
    settings = Settings(kafka_bootstrap="kafka:9092", identity_key="sixteen bytes..., old ,,older")

    assert settings.identity_keys == [b"sixteen bytes...", b"old", b"older"]


@pytest.mark.parametrize(
    ("key", "proves"),
    [
        ("a secret of sixteen bytes", True),
        ("s3cret", False),
        (LOCAL_IDENTITY_KEY, False),
    ],
)
def test_an_older_key_that_can_be_guessed_finds_people_and_proves_nothing(key: str, proves: bool) -> None:
    forged = Settings(identity_key=key).hasher
    settings = Settings(kafka_bootstrap="kafka:9092", identity_key=f"another of sixteen bytes,{key}")
    hasher = settings.hasher

    assert hasher.is_seal(b"sent anew", forged.seal(b"sent anew")) is proves
    assert hasher.is_seal(b"sent anew", hasher.seal(b"sent anew"))
    assert forged.email("ada@example.org") in hasher.lookups("email", "ada@example.org")


@pytest.mark.parametrize("prefix", ["", "north.", "2026-", "a.b-c.", ".", f"{'n' * 39}."])
def test_a_prefix_that_ends_where_a_name_begins_is_taken(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("HARMONIA_TOPIC_PREFIX", prefix)
    assert Settings().topic_prefix == prefix


@pytest.mark.parametrize(
    "prefix", ["north", "North.", "nörd.", "no_rth.", "a b.", "no:rth.", f"{'n' * 40}.", "n.\n", "*."]
)
def test_a_prefix_that_would_run_into_names_is_refused(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("HARMONIA_TOPIC_PREFIX", prefix)
    with pytest.raises(ValidationError, match="is no prefix: give 1 to 40 of a-z"):
        Settings()


BAD = "S3CRET VALUE/?"
SEEN_IN_USE = {"api_tokens", "redis_password"}
"""Workers do not look at the one; only Redis knows whether the other is right."""
SAID = {"controller", "dpo"}
"""Texts that a report prints; nothing at all is a blank in it, and too much is refused."""
FIELDS = sorted(Settings.model_fields.keys() - SEEN_IN_USE)


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def wrong_value(field: str) -> str:
    """A value that the setting must not have: nothing at all where it is free text or a path."""
    if field == "identity_key":
        return " , "
    if field in SAID:
        return "x" * 401
    try:
        Settings.model_validate({field: BAD})
    except ValidationError:
        return BAD
    return ""


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(typer.Exit) as ended:
        load_settings()
    assert ended.value.exit_code == WRONG_USE
    return capsys.readouterr().err


@pytest.mark.parametrize("field", FIELDS)
def test_a_wrong_value_is_refused_by_its_name_in_the_environment_and_in_the_env_file(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text(f"{variable_of(field)}='{wrong_value(field)}'\n")
    of_file = refusal(capsys)
    (tmp_path / ".env").unlink()
    monkeypatch.setenv(variable_of(field), wrong_value(field))
    said = refusal(capsys)
    assert said.startswith(variable_of(field))
    assert variable_of(field) in of_file
    assert BAD not in said + of_file


def unusable(**settings: object) -> str:
    with pytest.raises(Unusable) as raised:
        require_usable(Settings.model_validate(settings), 2)
    return str(raised.value)


def test_what_only_its_use_shows_to_be_wrong_is_looked_at_before_anything_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("nonsense = 1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = [
            unusable(policy=tmp_path / "none"),
            unusable(policy=tmp_path / "broken.toml"),
            unusable(metrics_port=port),
            unusable(metrics_port=port - 1),
            unusable(metrics_port=65535),
            unusable(metrics_host="no.such.host.invalid"),
        ]
    with pytest.raises(Unusable) as raised:
        read_tokens(BAD)
    variables = ["HARMONIA_POLICY"] * 2 + ["HARMONIA_METRICS_PORT"] * 4 + ["HARMONIA_API_TOKENS"]
    assert [one.split()[0].rstrip(":") for one in (*said, str(raised.value))] == variables


def test_the_env_file_is_named_only_where_its_value_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_file_note("KAFKA_BOOTSTRAP") == ""
    (tmp_path / ".env").write_text("KAFKA_BOOTSTRAP=127.0.0.1:1\n")
    assert env_file_note("KAFKA_BOOTSTRAP") == " (in the file .env)"
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:2")
    assert env_file_note("KAFKA_BOOTSTRAP") == ""


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
