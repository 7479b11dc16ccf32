"""Reminders: when they are due, given, put off."""
