"""From a letter to an incident: which one it belongs to, and what follows from that."""
