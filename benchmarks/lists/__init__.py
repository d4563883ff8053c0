"""What a list of a million rows takes at the console: uploaded, judged, reserved, downloaded."""
