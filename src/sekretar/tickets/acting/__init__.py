"""One ticket in the chat, and what can be done to it by a click."""
