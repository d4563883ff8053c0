"""The rights desk for those who answer requests: reads them, writes their steps, and writes down who did what."""
