"""apscheduler."""
