"""Shows a backtest: tables of decisions and of what followed, and one HTML file with charts. All pure."""
