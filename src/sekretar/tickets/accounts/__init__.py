"""Who people are in the trackers."""
