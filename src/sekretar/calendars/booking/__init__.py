"""Making a meeting: by form, in one line, from a message; shown before it is made."""
