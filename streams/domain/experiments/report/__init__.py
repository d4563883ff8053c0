"""Results for people: in words, in units that somebody pays in, warnings first. All pure."""
