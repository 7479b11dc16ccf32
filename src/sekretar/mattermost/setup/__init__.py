"""Making Sekretar known to Mattermost: the bot, its teams, the commands, the OAuth 2 application.

May be repeated at any time: what is right is left alone, what is missing or has changed is mended, and nothing
that works is made anew.
"""

from sekretar.mattermost.setup.carrying_out import set_up
from sekretar.mattermost.setup.plan import SetupOptions
from sekretar.mattermost.setup.report import Line, Problem, Report

__all__ = ["Line", "Problem", "Report", "SetupOptions", "set_up"]
