"""Sinks on PostgreSQL: tables and views that tools of business intelligence read."""
