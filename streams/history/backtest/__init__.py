"""Backtest: what a policy would have said to every past touch, and what became of those people.

`person_facts` brings a person's rows together and keeps what counts, `touch_history` finds each touch, what was known
just before it and what the policies say, `tally` counts what followed, `backtest_run` does it all with several
processes, and `report` shows it.
"""
