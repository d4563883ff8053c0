"""The daily report: yesterday's figures beside those of a week before, with warnings, as text and HTML."""
