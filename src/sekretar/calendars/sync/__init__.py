"""Following calendar servers: looked at in turn, and what changed stored and told in one transaction."""
