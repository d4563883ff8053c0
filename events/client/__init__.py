"""For programs that publish: an event is built, judged by the rules of the input topics, and only then sent.

`events.client.sync.Producer` stands on kafka-python, `events.client.aio.Producer` on aiokafka; `FakeProducer` keeps
what it is given, for the tests of whoever publishes. Nothing connects before a producer is made.
"""

from events.client.building import InvalidEvent, Ready, UnknownFieldWarning, build
from events.client.fake import FakeProducer

__all__ = ["FakeProducer", "InvalidEvent", "Ready", "UnknownFieldWarning", "build"]
