"""Probes, status and Flower."""
