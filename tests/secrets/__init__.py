"""Secrets: sealed where they are stored, masked where they are shown, and nowhere else at all."""
