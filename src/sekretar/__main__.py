"""`python -m sekretar` is `sekretar`."""

from sekretar.cli import main

main()
