"""`harmonia deliver`: tells endpoints of other teams what topics say."""

from __future__ import annotations

from streams.cli.failures import failing_plainly, load_settings
from streams.cli.output import say


def deliver() -> None:
    """Tell the endpoints of HARMONIA_DELIVER until SIGINT or SIGTERM. Says where its metrics are."""
    from streams.services.deliver.server import run_deliver

    settings = load_settings()
    with failing_plainly():
        run_deliver(settings, lambda text: say(f"deliver: {text}"))
