"""redbeat."""
