"""What people decide about people (link, suppress, erase …): sends it as commands, and waits until Redis shows it."""
