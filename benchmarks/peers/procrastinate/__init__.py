"""procrastinate."""
