"""Errors that stop a worker, or another process. Each says what to do about it; none is raised for a bad record."""


class EngineError(Exception):
    """The process must stop: going on could lose or double something."""


class Fenced(EngineError):
    """Another process owns this partition by now: this one was frozen or cut off and must not write again."""


class StateLost(EngineError):
    """The state ends before the input goes on: the changelog or the input has lost records. Restore it or rebuild."""


class PartitionsMismatch(EngineError):
    """A topic has another number of partitions than the settings say."""


class MissingTopic(EngineError):
    """A topic that is needed is not on the broker: `harmonia topics create` makes it."""


class TooFewBrokers(EngineError):
    """A topic cannot have as many replicas as it is to have; the text names the setting and how many brokers are up."""


class HiddenTopic(EngineError):
    """A topic that this process needs is hidden from its user in Kafka: `deploy/acl` lists the rights that it lacks."""


class KafkaAway(ConnectionError):
    """Kafka did not answer a question. Its cause is the library's error, if there is one."""


class NotOwned(EngineError):
    """A chunk of a partition that this worker does not own."""


class Unusable(EngineError):
    """A directory or a port that the settings name cannot be used; the text names the setting."""


class WrongSetting(Unusable):
    """The value of a setting is wrong by itself, whatever is on this machine; a command ends with exit code 2."""


class LakeStopped(EngineError):
    """Going on would leave something out of the lake, or the place that the settings name cannot be used."""


class WrongLakeSetting(LakeStopped, WrongSetting):
    """`HARMONIA_LAKE` names no place, or one of a kind that does not exist."""


class StoreFailed(EngineError):
    """A store on disk cannot be read or written: the disk is full or failing, or what is on it is spoilt."""
