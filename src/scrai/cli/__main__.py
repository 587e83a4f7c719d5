"""`python -m scrai.cli` is `scrai`."""

from scrai.cli import main

if __name__ == "__main__":
    main()
