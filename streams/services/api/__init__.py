"""The HTTP API: whoever is about to reach somebody asks here first. Reads Redis only, and writes down who asked."""
