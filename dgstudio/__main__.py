"""`python -m dgstudio`."""

from dgstudio.cli import main

main()
