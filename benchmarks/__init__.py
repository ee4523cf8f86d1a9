"""How fast it is, measured beside what a plain tool does on the same machine at the same time."""
