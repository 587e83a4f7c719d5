"""The command line: `scrai`. Nothing heavy is imported before a command needs it."""

from scrai.cli._root import app, main

__all__ = ["app", "main"]
