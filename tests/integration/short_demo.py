"""`harmonia demo` with the last thousand rows of its file of donations, for tests of what is around its data."""

from streams.cli.main import app
from streams.demo import script

ROWS = 1_000


def main() -> None:
    """Run the command; whatever it starts is as an operator would have it."""
    every_row = script.contributions
    script.contributions = lambda: every_row()[-ROWS:]
    app(prog_name="harmonia")


if __name__ == "__main__":
    main()
