"""Where a server was looked for that did not answer, and which setting says so."""

from pathlib import Path
from urllib.parse import urlsplit

from streams.platform.servers import ENV_FILE
from streams.platform.settings import Settings, said_in, variable_of


def kafka_tried(settings: Settings) -> str:
    """Kafka's brokers, and who named them."""
    return _told(settings, "kafka_bootstrap", ", ".join(settings.kafka_brokers))


def redis_tried(settings: Settings) -> str:
    """Redis's host and port, or its socket, and who named it; never the password that the URL may hold."""
    url = urlsplit(settings.redis_url)
    return _told(settings, "redis_url", url.path if url.scheme == "unix" else f"{url.hostname}:{url.port or 6379}")


def is_redis_up(settings: Settings) -> str:
    """What to look at where Redis does not answer: whether the address is right, and who named it."""
    said = redis_tried(settings)
    return f"is REDIS_URL right and the server up? {said[0].upper()}{said[1:]}"


def no_file_here() -> str:
    """`there is no .env in FOLDER` where that is so; else nothing."""
    return "" if Path(ENV_FILE).is_file() else f"there is no {ENV_FILE} in {Path.cwd()}"


def _told(settings: Settings, field: str, address: str) -> str:
    variable = variable_of(field)
    if field in settings.model_fields_set:
        return f"tried {address}, as {variable} says{said_in(variable)}"
    why = no_file_here()
    return f"tried {address}, the default: {variable} is not set{f', and {why}' if why else f', in {ENV_FILE} neither'}"
