"""Channels that show a calendar."""
