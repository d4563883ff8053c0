"""A whole audience judged at once: who of it may be reached, and why the others may not."""
