"""Finding a time that suits everybody."""
