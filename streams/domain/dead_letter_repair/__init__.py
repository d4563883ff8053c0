"""What is done about refused records: read, sorted by cause, mended, judged again. `operations.requeue` sends."""
