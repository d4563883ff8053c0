import os

from hypothesis import settings

# In CI the same examples every time, so that a red build is the change's; elsewhere new ones each time.
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
settings.register_profile("dev", print_blob=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
