"""Keeping a desk in order: alarms to the administrator, how long letters are kept, and how ready it is."""
