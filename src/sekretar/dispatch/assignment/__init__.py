"""Who works when, and who of them gets the next incident."""
