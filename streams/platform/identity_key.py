"""Whether this process hashes identifiers as the workers do: with another key everybody looks like nobody known.

And whether it works under the same regime: another one has other rules, and other numbers without a country code.
"""

from collections.abc import Mapping

from events.topics import CAMPAIGN_HOLDS
from sinks.keys import KEY_IDS, position_key, shares_key, shares_regime, text
from sinks.lookup import Incomplete, Why
from streams.platform.clients import KafkaClients, tool_redis
from streams.platform.errors import Unusable
from streams.platform.settings import Settings, env_file_note

OTHER_KEY = (
    "HARMONIA_IDENTITY_KEY is another one than the workers', so that nobody would be found: set the workers' key, or "
    "start this where their `.env` is; where the key was changed, give the new one and the old one (new,old); where "
    "this is a deployment of its own, set a HARMONIA_TOPIC_PREFIX that no other has"
)


OTHER_REGIME = (
    "HARMONIA_REGIME (or under it HARMONIA_PHONE_REGION) is another one than the workers', so that other rules and "
    "other spellings of numbers would hold: set the workers' ones, or start this where their `.env` is; where they "
    "were changed, start all workers anew first"
)
OF_OTHER_SETTINGS: Mapping[Why, str] = {"other_key": OTHER_KEY, "other_regime": OTHER_REGIME}
"""What does not mend by itself, and the cure."""


def identity_key_problem(settings: Settings) -> str | None:
    """What is wrong with the key or the regime, and the cure; None: they are the workers', or no worker has said.

    Raises RedisError.
    """
    workers, _ = _left_by_workers(settings)
    if not shares_key(workers, settings.key_ids):
        return OTHER_KEY
    return None if shares_regime(workers, settings.key_ids) else OTHER_REGIME


def require_key_of_other_workers(settings: Settings) -> None:
    """Raise `Unusable` where a worker of these settings would hash identifiers otherwise than those before it did.

    Nothing is refused where no worker has left an id of its key for the topics that there are now. Blocks; raises
    RedisError, `MissingTopic` and `KafkaAway`.
    """
    workers, topic_id = _left_by_workers(settings)
    if shares_key(workers, settings.key_ids) or topic_id != KafkaClients(settings).topic_id(CAMPAIGN_HOLDS):
        return
    raise Unusable(
        f"HARMONIA_IDENTITY_KEY{env_file_note('HARMONIA_IDENTITY_KEY')} is another one than the workers' so far, "
        "so that everybody would become somebody new: set the key that they have; to change it, start all workers "
        "with the new one before the old one (new,old). docs/identity.md says how, and what to do where the old one is "
        "lost. Where this is a deployment of its own, set a HARMONIA_TOPIC_PREFIX that no other has"
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
    return OF_OTHER_SETTINGS.get(found.why) or f"{found.where} is {found.why.replace('_', ' ')}"


def profiles_incomplete(found: Incomplete) -> Unusable:
    """What is raised where profiles cannot be relied on, before anything is written."""
    return Unusable(
        f"profiles_incomplete: in Redis {describe_incomplete(found)}; is a worker running, and has it caught up? "
        "Nothing was written"
    )
