"""The configuration: TOML files and the environment become settings, validated once, at the door.

``load`` reads, merges and checks; every mistake comes back at once as a ``ConfigError`` with file and line.
``compose`` turns the settings into the arguments of engine and paper exchange, ``schema`` describes the file.
"""

from bot.config.errors import ConfigError, Origin, Problem
from bot.config.settings import Settings, load

__all__ = ["ConfigError", "Origin", "Problem", "Settings", "load"]
