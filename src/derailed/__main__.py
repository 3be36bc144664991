"""`python -m derailed` is the command `derailed`."""

from derailed.cli import main

main()
