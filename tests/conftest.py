"""What every test runs under: set here, before any test module or onnxruntime is imported."""

import os

import pytest
from hypothesis import settings

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# the laws of stores live in the package, and their assertions should show their values like any test's
pytest.register_assert_rewrite("figureground.testing")

# examples are no faster on a busy machine, and the same on every one
settings.register_profile("figureground", deadline=None, derandomize=True)
settings.load_profile("figureground")
