"""How long the desk and the contractor have: working hours, clocks, deadlines, and who is told when time runs out."""
