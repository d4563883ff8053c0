"""Texts for messages about a server that did not answer: which address was tried, and which setting named it."""

from pathlib import Path
from urllib.parse import urlsplit

from streams.platform.servers import ENV_FILE
from streams.platform.settings import Settings, env_file_note, variable_of


def kafka_address_tried(settings: Settings) -> str:
    """Text: which brokers were tried, and which setting named them."""
    return _address_text(settings, "kafka_bootstrap", ", ".join(settings.kafka_brokers))


def redis_address_tried(settings: Settings) -> str:
    """Text: which Redis was tried, and which setting named it; never the password that the URL may hold."""
    url = urlsplit(settings.redis_url)
    return _address_text(
        settings, "redis_url", url.path if url.scheme == "unix" else f"{url.hostname}:{url.port or 6379}"
    )


def redis_unanswered_cure(settings: Settings) -> str:
    """Text: what to check where Redis does not answer."""
    said = redis_address_tried(settings)
    return f"is REDIS_URL right and the server up? {said[0].upper()}{said[1:]}"


def env_file_missing() -> str:
    """Text: `there is no .env in FOLDER` where that is so; else empty."""
    return "" if Path(ENV_FILE).is_file() else f"there is no {ENV_FILE} in {Path.cwd()}"


def _address_text(settings: Settings, field: str, address: str) -> str:
    variable = variable_of(field)
    if field in settings.model_fields_set:
        return f"tried {address}, as {variable} says{env_file_note(variable)}"
    why = env_file_missing()
    return f"tried {address}, the default: {variable} is not set{f', and {why}' if why else f', in {ENV_FILE} neither'}"
