"""Moving, changing and cancelling one's own meetings, and writing to calendar servers."""
