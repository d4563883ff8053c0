"""What a policy would have said to each touch of a person."""

from collections.abc import Iterator, Sequence

from events.outputs import ContactProfile
from streams.domain.contact.state import Key
from streams.domain.pressure import Decision, Policy, decide
from streams.history.backtest.touch_history import Send


def judge(policy: Policy, asked: Sequence[Send], *, cascade: bool = False) -> Iterator[Decision | None]:
    """The answer to each, in their order; None: its time is beyond what a policy can be asked about.

    Without `cascade` every touch of the past counts for those after it, since it happened. With it one that was not
    allowed does not count for later ones: what is denied or deferred was not sent, and nobody knows when instead.
    """
    spared: set[Key] = set()
    for send in asked:
        try:
            decision = decide(_without(send.known, spared), policy, send.request, send.touch.time)
        except OverflowError:
            yield None
            continue
        if cascade and decision.decision != "allow":
            spared.add(send.key)
        yield decision


def _without(known: ContactProfile | None, spared: set[Key]) -> ContactProfile | None:
    if known is None or not spared:
        return known
    return {**known, "touches": [each for each in known["touches"] if (each["source"], each["id"]) not in spared]}
