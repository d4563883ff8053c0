"""History: everything about the past, from the lake and imports to refold, replay, rebuild, backtest and insights."""
