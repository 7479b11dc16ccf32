"""What people want of their calendars: asked, read, kept."""
