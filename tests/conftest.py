import os

from hypothesis import HealthCheck, settings

# In CI the same examples every time, so that a red build is the change's; elsewhere new ones each time.
# How long examples take to make says how slow the machine is, and nothing of what is tested.
common = settings(print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", common, derandomize=True)
settings.register_profile("dev", common)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
