"""Tickets from the chat: what people assign to each other, kept in the tracker of their house."""
