"""Assignments that are given in meetings: written down when one ends, asked about before the next."""
