"""huey."""
