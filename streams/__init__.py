"""What is done: the state of each contact, and the agents that keep it."""
