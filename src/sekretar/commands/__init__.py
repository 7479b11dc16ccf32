"""The commands of the command line, for the administrator: plain English, exact, scriptable."""
