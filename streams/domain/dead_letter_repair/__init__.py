"""Repair of dead letters: they are read, grouped by cause, mended and judged again; `operations.requeue` sends them."""
