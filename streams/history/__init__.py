"""Everything about the past: lake, folding again, replay, rebuild, backtest, insights, the daily report."""
