"""Stand-ins for what cannot be installed beside Sekretar, for the demo and for tests."""
