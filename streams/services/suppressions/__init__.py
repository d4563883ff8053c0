"""Who is closed to everyone on a channel, for senders that cannot ask: files to upload where they send from."""
