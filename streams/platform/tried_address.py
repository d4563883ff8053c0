"""Texts for messages about a server that did not answer: which address was tried, and which setting named it."""

from pathlib import Path
from urllib.parse import urlsplit

from streams.domain.messages import CodedMessage, english, message
from streams.platform.servers import ENV_FILE
from streams.platform.settings import Settings, env_file_note, variable_of


def kafka_address_tried(settings: Settings) -> str:
    """Text: which brokers were tried, and which setting named them."""
    return english(kafka_tried(settings))


def redis_address_tried(settings: Settings) -> str:
    """Text: which Redis was tried, and which setting named it; never the password that the URL may hold."""
    return english(redis_tried(settings))


def kafka_tried(settings: Settings) -> CodedMessage:
    """Which brokers were tried, and which setting named them."""
    return _tried(settings, "kafka_bootstrap", ", ".join(settings.kafka_brokers))


def redis_tried(settings: Settings) -> CodedMessage:
    """Which Redis was tried, and which setting named it; never the password that the URL may hold."""
    url = urlsplit(settings.redis_url)
    address = url.path if url.scheme == "unix" else f"{url.hostname}:{url.port or 6379}"
    return _tried(settings, "redis_url", address)


def redis_unanswered_cure(settings: Settings) -> str:
    """Text: what to check where Redis does not answer."""
    said = redis_address_tried(settings)
    return f"is REDIS_URL right and the server up? {said[0].upper()}{said[1:]}"


def env_file_missing() -> str:
    """Text: `there is no .env in FOLDER` where that is so; else empty."""
    return "" if Path(ENV_FILE).is_file() else f"there is no {ENV_FILE} in {Path.cwd()}"


def _tried(settings: Settings, field: str, address: str) -> CodedMessage:
    variable = variable_of(field)
    if field in settings.model_fields_set:
        code = "status.tried_from_env_file" if env_file_note(variable) else "status.tried"
        return message(code, address=address, variable=variable)
    if Path(ENV_FILE).is_file():
        return message("status.tried_default", address=address, variable=variable)
    return message("status.tried_default_no_env_file", address=address, variable=variable, folder=str(Path.cwd()))
