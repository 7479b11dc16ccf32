"""Incidents in a tracker: shown there, and worked from there by those who like it better."""
