"""Decides who may be in an audience for political ads online, and by which segments nobody may be chosen for one."""
