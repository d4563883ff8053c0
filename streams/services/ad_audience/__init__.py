"""Makes an audience for political ads online: reads people of a list or a segment, and keeps whom the gate admits."""
