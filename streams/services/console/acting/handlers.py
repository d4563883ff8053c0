"""Which function does which act."""

from collections.abc import Mapping

from events.console_acts import ConsoleAct
from streams.services.console.acting import (
    campaigns,
    experiments,
    letters,
    pairs,
    people,
    policy,
    requests,
    segments,
    sending,
)
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
    "requeue": letters.requeue,
    "release": letters.release,
    "publish": policy.publish_policy,
    "roll_back": policy.roll_back_policy,
    "define_experiment": experiments.define,
    "end_experiment": experiments.end,
    "define_segment": segments.define,
    "withdraw_segment": segments.withdraw,
    "judge": sending.judge,
    "reserve": sending.reserve,
    "give_back": sending.give_back,
    "open_request": requests.open_request,
    "answer_request": requests.answer_request,
    "extend_request": requests.extend_request,
    "close_request": requests.close_request,
}
