"""Where tickets go that name no project: said in the chat, for oneself, a channel or a team."""
