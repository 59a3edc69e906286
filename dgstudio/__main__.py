"""`python -m dgstudio`."""

from dgstudio.entry import main

main()
