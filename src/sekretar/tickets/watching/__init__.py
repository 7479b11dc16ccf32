"""What happens to tickets elsewhere, and who is told of it."""
