"""How old the results of thousands of running experiments are, and what they cost a worker, measured from outside."""
