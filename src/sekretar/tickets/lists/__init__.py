"""Lists of tickets: mine, those I have given to others, the overdue, what a search finds."""
