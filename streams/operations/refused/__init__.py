"""Refused and held records by source, for `harmonia status` and the daily report."""
