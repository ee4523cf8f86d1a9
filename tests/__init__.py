"""The tests. `tests/settings.py` are the settings they run under."""
