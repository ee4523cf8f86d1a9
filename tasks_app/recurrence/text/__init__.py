"""Schedules in plain words: "every weekday at 9:00"."""

from tasks_app.recurrence.text.tokens import tidy
from tasks_app.recurrence.text.understanding import LONGEST_TEXT, understand

__all__ = ["LONGEST_TEXT", "tidy", "understand"]
