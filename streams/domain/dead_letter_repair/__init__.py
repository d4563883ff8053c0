"""What is done about refused records: read, sorted by cause, mended and judged again. Pure; `streams.operations.requeue` sends."""
