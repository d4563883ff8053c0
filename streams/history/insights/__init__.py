"""What happened, counted from the lake and from what is not in it yet: series, and the figures of a report."""
