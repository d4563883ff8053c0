"""Insights: time series and figures counted from the lake and from the interactions that are not in it yet."""
