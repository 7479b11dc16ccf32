"""Mail as the desk reads and writes it: mailboxes, parsing, ids, sending, protection against loops."""
