from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.platform.settings import LOCAL_IDENTITY_KEY, Settings


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
