"""One new ticket by the tracker's own form: from nothing, from a line, from any message."""
