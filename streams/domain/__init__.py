"""What is decided purely, plain data in and plain data out: contacts, identity, experiments, pressure, campaigns."""
