"""The status *In a meeting* and quiet times, and what was there before."""
