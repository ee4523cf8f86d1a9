"""django tasks."""
