"""Copies of the database that are made while it is worked on, checked when they are made, and can be put back.

The encryption keys are in none of them: whoever finds a copy reads no password in it, and whoever keeps copies has to
keep the keys somewhere else.
"""
