"""Which function does which act."""

from collections.abc import Mapping

from events.console_acts import ConsoleAct
from streams.services.console.acting import campaigns
from streams.services.console.acting.request import Handler

HANDLERS: Mapping[ConsoleAct, Handler] = {"hold": campaigns.hold, "lift": campaigns.lift}
