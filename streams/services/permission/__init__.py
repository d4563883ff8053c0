"""Asking whether somebody may be reached: who asks, of whom, what stands in the way, and the record of the answer."""
