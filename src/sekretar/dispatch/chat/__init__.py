"""The desk in the chat: a post for each incident, what is done under it, and the commands of the dispatchers."""
