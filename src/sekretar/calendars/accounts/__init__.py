"""Accounts on calendar servers: connected, looked after, left."""
