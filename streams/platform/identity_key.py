"""Whether this process hashes identifiers as the workers do: with another key everybody looks like nobody known."""

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import KEY_IDS, position_key, shares_key
from sinks.lookup import Incomplete
from streams.platform.clients import tool_redis
from streams.platform.settings import Settings

OTHER_KEY = (
    "HARMONIA_IDENTITY_KEY is another one than the workers', so that nobody would be found: set the workers' key, or "
    "start this where their `.env` is; where the key was changed, give the new one and the old one (new,old)"
)


def identity_key_problem(settings: Settings) -> str | None:
    """What is wrong with the key, and the cure; None: it is the workers', or no worker has said which is theirs.

    Raises RedisError.
    """
    client = tool_redis(settings)
    try:
        workers = client.hget(position_key(0, CAMPAIGN_HOLDS), KEY_IDS)
    finally:
        client.close()
    return None if shares_key(workers, settings.hasher.key_ids) else OTHER_KEY


def describe_incomplete(found: Incomplete) -> str:
    """What Redis lacks, in a sentence that `in Redis` may stand before."""
    return OTHER_KEY if found.why == "other_key" else f"{found.where} is {found.why.replace('_', ' ')}"
