"""Commands that are not told how many workers start none here: how many they would is tried in core/test_engines.py."""

import pytest


@pytest.fixture(autouse=True)
def serial(one_core: None) -> None:
    """Give every command one core."""
