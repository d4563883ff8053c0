"""Which function does which act."""

from collections.abc import Mapping

from events.console_acts import ConsoleAct
from streams.services.console.acting import campaigns, pairs, people, sending
from streams.services.console.acting.request import Handler

HANDLERS: Mapping[ConsoleAct, Handler] = {
    "hold": campaigns.hold,
    "lift": campaigns.lift,
    "suppress": people.suppress,
    "unsuppress": people.unsuppress,
    "export": people.export,
    "erase": people.erase,
    "link": pairs.link,
    "unlink": pairs.unlink,
    "judge": sending.judge,
    "reserve": sending.reserve,
}
