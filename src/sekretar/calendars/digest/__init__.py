"""The morning digest."""
