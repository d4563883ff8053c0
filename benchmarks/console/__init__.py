"""How quickly the console's pages answer while many look at them, and what it costs beside a worker."""
