"""`python -m sekretar` is `sekretar`, and where both begin.

What is loaded at the start stays until the end. Looking through it for garbage while it grows takes a sixth of the
start, and looking through all of it again later takes time whenever it happens, so the collector is told to leave it
alone.
"""

import gc


def main() -> None:
    """The program `sekretar`."""
    gc.disable()
    from sekretar.cli import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
