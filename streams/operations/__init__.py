"""Keeping a deployment alive: backup and restore, doctor, status, dead letters sent anew."""
