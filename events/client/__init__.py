"""The client for programs that publish: it builds an event, judges it by the rules of the input topics, and sends it.

`events.client.sync.Producer` uses kafka-python, `events.client.aio.Producer` aiokafka; `FakeProducer` keeps events, for
the tests of publishing programs. Nothing connects before a producer is made.
"""

from events.client.building import InvalidEvent, Ready, UnknownFieldWarning, build
from events.client.fake import FakeProducer

__all__ = ["FakeProducer", "InvalidEvent", "Ready", "UnknownFieldWarning", "build"]
