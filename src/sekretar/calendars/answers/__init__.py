"""Invitations and their answers, one's own and those of others."""
