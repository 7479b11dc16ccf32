"""Sekretar, a self-hosted secretary for teams that work in Mattermost."""

from importlib.metadata import version

__version__ = version("sekretar")
