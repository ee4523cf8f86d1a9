"""Real processes of the platform."""
