"""When meetings are over, and what other features ask about meetings."""
