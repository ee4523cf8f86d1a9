"""django q2."""
