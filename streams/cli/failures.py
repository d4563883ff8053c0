"""How a command ends when it can't do what was asked: a line that names the cure, exit code 1 or 2."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError
from pydantic import ValidationError
from redis.exceptions import RedisError

from streams.backup.errors import BackupError
from streams.engine.errors import EngineError
from streams.local.errors import LocalStackError
from streams.settings import Settings

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
        refuse("\n".join(_say(part["loc"], part["msg"]) for part in error.errors()), WRONG_USE)


@contextmanager
def failing_plainly() -> Iterator[None]:
    """End the command with exit code 1 when Kafka or Redis is away or a precondition does not hold."""
    try:
        yield
    except (KafkaError, AioKafkaError) as error:
        refuse(f"Kafka: {type(error).__name__}; is KAFKA_BOOTSTRAP right and the broker up?")
    except RedisError as error:
        refuse(f"Redis: {type(error).__name__}; is REDIS_URL right and the server up?")
    except (BackupError, EngineError, LocalStackError) as error:
        refuse(str(error))


def _say(where: tuple[int | str, ...], message: str) -> str:
    if not where:
        return message.removeprefix("Value error, ")
    name = str(where[0]).upper()
    return f"{name if name in ('KAFKA_BOOTSTRAP', 'REDIS_URL') else f'HARMONIA_{name}'}: {message}"
