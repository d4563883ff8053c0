"""What it costs to tell who is in which of a thousand segments."""
