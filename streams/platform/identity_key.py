"""Whether this process hashes identifiers as the workers do: with another key everybody looks like nobody known."""

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import KEY_IDS, position_key, shares_key, text
from sinks.lookup import Incomplete
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.errors import Unusable
from streams.platform.settings import Settings, env_file_note

OTHER_KEY = (
    "HARMONIA_IDENTITY_KEY is another one than the workers', so that nobody would be found: set the workers' key, or "
    "start this where their `.env` is; where the key was changed, give the new one and the old one (new,old)"
)


def identity_key_problem(settings: Settings) -> str | None:
    """What is wrong with the key, and the cure; None: it is the workers', or no worker has said which is theirs.

    Raises RedisError.
    """
    workers, _ = _left_by_workers(settings)
    return None if shares_key(workers, settings.hasher.key_ids) else OTHER_KEY


def require_key_of_other_workers(settings: Settings) -> None:
    """Raise `Unusable` where a worker of these settings would hash identifiers otherwise than those before it did.

    Nothing is refused where no worker has left an id of its key for the topics that there are now. Blocks; raises
    RedisError, `MissingTopic` and `KafkaAway`.
    """
    workers, topic_id = _left_by_workers(settings)
    if shares_key(workers, settings.hasher.key_ids) or topic_id != KafkaClients(settings).topic_id(CAMPAIGN_HOLDS):
        return
    raise Unusable(
        f"HARMONIA_IDENTITY_KEY{env_file_note('HARMONIA_IDENTITY_KEY')} is another one than the workers' so far, "
        "so that everybody would become somebody new: set the key that they have; to change it, start all workers with "
        "the new one before the old one (new,old). docs/identity.md says how, and what to do where the old one is lost"
    )


def _left_by_workers(settings: Settings) -> tuple[str, str]:
    """What Redis has from workers: the ids of their keys, and the id of the topic `campaign-holds` of that time."""
    client = tool_redis(settings)
    try:
        key_ids, topic_id = client.hmget(position_key(0, CAMPAIGN_HOLDS), KEY_IDS, "topic_id")
    finally:
        client.close()
    return text(key_ids or ""), text(topic_id or "")


def describe_incomplete(found: Incomplete) -> str:
    """What Redis lacks, in a sentence that `in Redis` may stand before."""
    return OTHER_KEY if found.why == "other_key" else f"{found.where} is {found.why.replace('_', ' ')}"
