"""The command line: parse, call, print."""

from figureground.cli.app import main

__all__ = ["main"]
