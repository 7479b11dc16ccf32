"""What the desk works on: an incident, its way from new to closed, and everything that ever happened to it."""
