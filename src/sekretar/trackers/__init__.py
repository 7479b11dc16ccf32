"""Trackers: one port, and an adapter for each product."""
