"""The names of what people change from the console: in `HARMONIA_CONSOLE_MAY`, and as `what` in `audit-log`."""

from typing import Literal, get_args

ConsoleAct = Literal[
    "hold",
    "lift",
    "suppress",
    "unsuppress",
    "export",
    "erase",
    "link",
    "unlink",
    "requeue",
    "release",
    "publish",
    "roll_back",
    "define_experiment",
    "end_experiment",
    "define_segment",
    "withdraw_segment",
    "judge",
    "reserve",
    "give_back",
    "open_request",
    "answer_request",
    "extend_request",
    "close_request",
]
CONSOLE_ACTS: tuple[ConsoleAct, ...] = get_args(ConsoleAct)
