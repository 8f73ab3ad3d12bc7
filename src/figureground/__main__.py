"""`python -m figureground` is the command line."""

from figureground.cli.run import main

if __name__ == "__main__":
    main()
