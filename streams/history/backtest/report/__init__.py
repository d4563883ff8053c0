"""A backtest for people: tables of what was decided and of what followed, and one HTML file with charts. All pure."""
