"""Several tickets in one message: the text is understood, shown, and made into tickets one by one."""
