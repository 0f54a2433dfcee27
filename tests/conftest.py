"""What holds for every test."""

import os

from hypothesis import settings

pytest_plugins = ["support.suite_run", "support.faults.recording"]

# These machines are slow at times: a property that takes long is not wrong. In CI the same examples run each time;
# on a developer's machine new ones are tried.
settings.register_profile("any machine", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("any machine")
