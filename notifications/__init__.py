"""Tells people and pages what happened: live frames and mail."""
