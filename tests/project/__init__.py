"""Settings, start and stop."""
