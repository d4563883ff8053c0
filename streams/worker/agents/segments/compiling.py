"""Definitions made ready to judge by, once for a process: all partitions of a worker are told the same ones."""

from collections import OrderedDict
from collections.abc import Mapping

from streams.domain.pressure import Policy
from streams.domain.pressure.closures import ChannelRules, channel_rules
from streams.domain.segments.compiled_segments import CompiledSegments, compiled_segments

_MOST = 4
"""A plan of a thousand segments has some megabytes; while definitions change, partitions are not told at one moment."""

_Asked = tuple[str, tuple[tuple[str, bytes], ...]]
_compiled: OrderedDict[_Asked, CompiledSegments] = OrderedDict()
_rules: list[tuple[Policy, ChannelRules]] = []


def compiled_under(definitions: Mapping[str, bytes], policy: Policy) -> CompiledSegments:
    """The definitions of a partition under a policy."""
    rules = rules_of(policy)
    asked = rules.version, tuple(sorted(definitions.items()))
    found = _compiled.get(asked)
    if found is None:
        found = _compiled[asked] = compiled_segments(definitions, rules)
        if len(_compiled) > _MOST:
            _compiled.popitem(last=False)
    return found


def rules_of(policy: Policy) -> ChannelRules:
    """What a policy says of closed channels, made once for each."""
    if not _rules or _rules[0][0] is not policy:
        _rules[:] = [(policy, channel_rules(policy))]
    return _rules[0][1]
