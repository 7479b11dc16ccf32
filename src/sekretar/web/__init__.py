"""The web part: what Mattermost and browsers reach by HTTP."""
