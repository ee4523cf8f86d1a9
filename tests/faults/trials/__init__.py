"""Faults of whole clusters (F01 to F32): what happens to one, and the promise that must hold through it."""
