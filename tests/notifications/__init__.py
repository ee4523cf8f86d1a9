"""Hints, receivers and mail."""
