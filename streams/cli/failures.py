"""How a command ends when it can't do what was asked: a line that names the cure, exit code 1 or 2."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError
from pydantic import ValidationError
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from events.wording import in_plain_words
from streams.backup.errors import BackupError
from streams.engine.errors import EngineError
from streams.local.errors import LocalStackError
from streams.settings import Settings, said_in

REFUSED = 1
WRONG_USE = 2


def refuse(reason: str, code: int = REFUSED) -> NoReturn:
    """End the command with a reason."""
    typer.echo(reason, err=True)
    raise typer.Exit(code)


def load_settings() -> Settings:
    """The settings; ends the command with exit code 2 when one is wrong, naming its variable and never its value."""
    try:
        return Settings()
    except ValidationError as error:
        refuse("\n".join(_say(part["loc"], in_plain_words(part)) for part in error.errors()), WRONG_USE)


def require_showable(settings: Settings) -> None:
    """End the command with exit code 1 when it is to print REDIS_URL, and a password is in there."""
    if settings.redis_url_holds_a_password:
        refuse("REDIS_URL holds a password, which would be shown here: give it as HARMONIA_REDIS_PASSWORD_FILE instead")


@contextmanager
def failing_plainly() -> Iterator[None]:
    """End the command with exit code 1 when Kafka or Redis is away or a precondition does not hold."""
    try:
        yield
    except (KafkaError, AioKafkaError) as error:
        refuse(f"Kafka: {type(error).__name__}; {_cure_for_kafka(error)}")
    except RedisError as error:
        refuse(f"Redis: {type(error).__name__}; {_cure_for_redis(error)}")
    except (BackupError, EngineError, LocalStackError) as error:
        refuse(str(error))


def _cure_for_kafka(error: KafkaError) -> str:
    if isinstance(error, SaslAuthenticationFailedError | UnsupportedSaslMechanismError):
        return "are HARMONIA_KAFKA_USERNAME, _PASSWORD and _SASL_MECHANISM right?"
    if isinstance(error, AuthorizationError):
        return "this user may not do that: see deploy/acl"
    # The library tries again for as long as it may when it is not let in, and does not say why.
    return (
        "is KAFKA_BOOTSTRAP right, the broker up, HARMONIA_KAFKA_SECURITY that of its listener, and this process, by "
        "password or certificate, one that it lets in?"
    )


def _cure_for_redis(error: RedisError) -> str:
    if isinstance(error, AuthenticationError):
        return "are the user of REDIS_URL and HARMONIA_REDIS_PASSWORD right?"
    if isinstance(error, NoPermissionError):
        return "this user may not do that: see deploy/acl"
    return "is REDIS_URL right and the server up?"


def _say(where: tuple[int | str, ...], ours: str) -> str:
    if not where:
        return ours
    name = str(where[0]).upper()
    variable = name if name in ("KAFKA_BOOTSTRAP", "REDIS_URL") else f"HARMONIA_{name}"
    return f"{variable}{said_in(variable)}{' ' if ours.startswith('is ') else ': '}{ours}"
