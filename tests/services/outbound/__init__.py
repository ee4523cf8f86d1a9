"""Calls to the outside: only to public addresses, only to what was checked, never for long, never for much."""
