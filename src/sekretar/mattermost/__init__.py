"""The chat: all that knows Mattermost stands here, so that features speak of people, messages and forms only."""
