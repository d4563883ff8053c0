"""Ends commands that cannot do what was asked, with a line that names the cure and exit code 1, 2 or 70."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import typer

from events.validation_messages import in_plain_words
from streams.cli.output import say
from streams.local.errors import LocalStackError
from streams.operations.backup.record_files import BackupError
from streams.platform.errors import EngineError, Fenced, KafkaAway, WrongSetting
from streams.platform.shutdown import EXIT_HARD

if TYPE_CHECKING:
    from events.regimes import RegimeName
    from streams.platform.settings import Settings

REFUSED = 1
WRONG_USE = 2


def refuse(reason: str, code: int = REFUSED) -> NoReturn:
    """End the command with a reason."""
    say(reason, err=True)
    raise typer.Exit(code)


def load_settings(*, name_unknown: bool = True) -> Settings:
    """The settings; ends the command with exit code 2 when one is wrong, naming its variable and never its value.

    Variables that only look like settings are named on standard error if `name_unknown`.
    """
    from pydantic import ValidationError

    from streams.platform.settings import Settings
    from streams.platform.unknown_variables import unknown_variables

    try:
        settings = Settings()
    except ValidationError as error:
        refuse("\n".join(_setting_error(part["loc"], in_plain_words(part)) for part in error.errors()), WRONG_USE)
    for unknown in unknown_variables() if name_unknown else ():
        say(str(unknown), err=True)
    return settings


def load_regime() -> RegimeName:
    """`HARMONIA_REGIME` alone, however wrong other settings are; ends the command as `load_settings` does."""
    from pydantic import ValidationError

    from streams.platform.settings import RegimeSetting

    try:
        return RegimeSetting().regime
    except ValidationError as error:
        refuse("\n".join(_setting_error(part["loc"], in_plain_words(part)) for part in error.errors()), WRONG_USE)


def require_showable(settings: Settings) -> None:
    """End the command with exit code 1 when it is to print REDIS_URL, and a password is in there."""
    if settings.redis_url_holds_a_password:
        refuse("REDIS_URL holds a password, which would be shown here: give it as HARMONIA_REDIS_PASSWORD_FILE instead")


@contextmanager
def failing_plainly() -> Iterator[None]:
    """End the command with exit code 1 when Kafka or Redis is away or a precondition does not hold.

    With 2 when a setting is wrong by itself; with 70 when another process has taken over.
    """
    try:
        yield
    except WrongSetting as error:
        refuse(str(error), WRONG_USE)
    except Fenced as error:
        refuse(str(error), EXIT_HARD)
    except (BackupError, EngineError, LocalStackError) as error:
        refuse(str(error))
    except Exception as error:
        if "sinks.base" in sys.modules and isinstance(error, import_module("sinks.base").SinkUnavailable):
            from streams.platform.settings import Settings
            from streams.platform.tried_address import redis_unanswered_cure

            refuse(f"{error}; {redis_unanswered_cure(Settings())}")
        if (server := _server_that_failed(error)) is None:
            raise
        refuse(f"{server[0]}: {type(error.__cause__ or error).__name__}; {server[1]}")


def _server_that_failed(error: Exception) -> tuple[str, str] | None:
    """The server that an error is of, and the cure; None: neither Kafka nor Redis. Imports no library for it."""
    if isinstance(error, KafkaAway):
        return "Kafka", _cure_for_kafka(error)
    if "redis" in sys.modules:
        from redis.exceptions import RedisError

        if isinstance(error, RedisError):
            return "Redis", _cure_for_redis(error)
    for library in ("kafka", "aiokafka"):
        if library in sys.modules and isinstance(error, import_module(f"{library}.errors").KafkaError):
            return "Kafka", _cure_for_kafka(error)
    return None


def _cure_for_kafka(error: Exception) -> str:
    from kafka.errors import (
        AuthorizationError,
        KafkaConnectionError,
        SaslAuthenticationFailedError,
        TopicAuthorizationFailedError,
        UnsupportedSaslMechanismError,
    )

    from streams.platform.settings import Settings
    from streams.platform.tried_address import kafka_address_tried

    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
        return "are HARMONIA_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM right?"
    if isinstance(error, TopicAuthorizationFailedError) and error.args and isinstance(error.args[0], str):
        return f"this user may not see the topic {error.args[0]}: see deploy/acl"
    if isinstance(error, AuthorizationError):
        return "this user may not do that: see deploy/acl"
    tried = _sentence(kafka_address_tried(Settings()))
    if isinstance(error, KafkaConnectionError) and isinstance(error.__cause__, OSError):  # nothing listens there
        return f"is KAFKA_BOOTSTRAP right and the broker up? {tried}"
    # The library tries again for as long as it may when it is not let in, and does not say why.
    return (
        "is KAFKA_BOOTSTRAP right, the broker up, HARMONIA_KAFKA_SECURITY that of its listener, and this process, by "
        f"password or certificate, one that it lets in? {tried}"
    )


def _cure_for_redis(error: Exception) -> str:
    from redis.exceptions import AuthenticationError, NoPermissionError

    from streams.platform.settings import Settings
    from streams.platform.tried_address import redis_unanswered_cure

    if isinstance(error, AuthenticationError):
        return "are the user of REDIS_URL and HARMONIA_REDIS_PASSWORD right?"
    if isinstance(error, NoPermissionError):
        return "this user may not do that: see deploy/acl"
    return redis_unanswered_cure(Settings())


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _setting_error(where: tuple[int | str, ...], ours: str) -> str:
    from streams.platform.settings import env_file_note

    if not where:
        return ours
    name = str(where[0]).upper()
    variable = name if name in ("FORWARDED_ALLOW_IPS", "KAFKA_BOOTSTRAP", "REDIS_URL") else f"HARMONIA_{name}"
    return f"{variable}{env_file_note(variable)}{' ' if ours.startswith('is ') else ': '}{ours}"
