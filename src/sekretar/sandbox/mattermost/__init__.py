"""A stateful stand-in for a Mattermost server."""

from sekretar.sandbox.faults import Fault, Faults
from sekretar.sandbox.mattermost.seeds import PASSWORD, SeededBot
from sekretar.sandbox.mattermost.server import MattermostSandbox
from sekretar.sandbox.mattermost.settings import Limits, Settings

__all__ = ["PASSWORD", "Fault", "Faults", "Limits", "MattermostSandbox", "SeededBot", "Settings"]
