"""`python -m retail`: the shop's own commands."""

from retail.cli import main

if __name__ == "__main__":
    main()
