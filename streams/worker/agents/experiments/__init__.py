"""The experiments agent: adds up partial sums, evaluates, and publishes results."""
