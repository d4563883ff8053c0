"""Whether requests had better come here: not while each of them would be answered that there is no answer.

Kubernetes sends nobody to a process that is not ready, and does not end it for that: `/livez` is another question.
"""

from sinks.base import SinkUnavailable
from sinks.lookup import Complete
from streams.services.api.dependencies import Office


async def unready(office: Office) -> str | None:
    """Why there would be no answer now, in the words of the problem documents; None: there would be one."""
    if not office.audit.has_room:
        return "audit_unavailable: Kafka takes no records of audit-log"
    try:
        standing = await office.lookup.standing()
    except SinkUnavailable:
        return "profiles_incomplete: Redis does not answer"
    if isinstance(standing, Complete):
        return None
    return f"profiles_incomplete: {standing.where} is {standing.why.replace('_', ' ')}"
