"""Instants in bodies and parameters: how they are read, and how it is said when they cannot be."""

from tasks_app.services.faults import sentence
from tasks_app.services.instants import reachable, written_instant

__all__ = ["reachable", "sentence", "written_instant"]
