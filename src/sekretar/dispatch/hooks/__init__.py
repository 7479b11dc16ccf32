"""Web hooks: other programs are told what happens to incidents."""
