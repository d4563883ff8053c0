"""The daily report as one HTML file that needs nothing else: light or dark as its reader has it, and white on paper."""

from streams.history.daily_report.page import Page
from streams.history.page_templates import render


def html_of(page: Page) -> str:
    """The whole file."""
    return render(__package__, "daily.html", {"page": page})
