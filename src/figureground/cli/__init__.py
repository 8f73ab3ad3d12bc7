"""The command line: parse, call, print."""

from figureground.cli.run import main

__all__ = ["main"]
