"""References to tickets in what people write."""
