"""The agent of the Redis sink: reads `contact-state` and `contact-links`, and gives it the newest of each contact.

That somebody stands alone again takes away the mark of who absorbed them, so `contact-state` comes first.
"""

from events.topics import CONTACT_LINKS, CONTACT_STATE
from sinks.base import ContactChange
from streams.worker.agents.sinks.sink_connector import Following, Readers
from streams.worker.agents.sinks.sink_records import change_of, link_of


class ContactStateSink(Following[ContactChange]):
    """See `Following`."""

    name = "redis"

    def readers(self) -> Readers[ContactChange]:
        """See Following."""
        return {CONTACT_STATE: change_of, CONTACT_LINKS: link_of}
