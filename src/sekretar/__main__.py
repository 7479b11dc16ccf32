"""`python -m sekretar` is `sekretar`, and where both begin.

What is loaded at the start stays until the end. Looking through it for garbage while it grows takes a sixth of the
start, and looking through all of it again later takes time whenever it happens, so the collector is told to leave it
alone. For the rest it looks less often than it would by itself: a look at ten thousand calendars makes many values of
short life, and next to no garbage.
"""

import gc
import sys
from typing import cast

#: So many more values made than gone let the collector look at the youngest.
_BEFORE_COLLECTING = 10_000


def main() -> None:
    """The program `sekretar`."""
    gc.disable()
    _load_logging()
    from sekretar.cli import main as run

    leave_loaded_alone()
    run()


def leave_loaded_alone() -> None:
    """Let the collector look neither at what is there now nor, later, as often as it would by itself."""
    gc.freeze()
    gc.set_threshold(_BEFORE_COLLECTING, 20, 20)
    gc.enable()


def _load_logging() -> None:
    """structlog without `rich`, which it loads where it is installed, for coloured tracebacks that ours never are."""
    modules = cast(dict[str, object], sys.modules)
    modules["rich"] = None
    import structlog  # noqa: F401 - it is there for all from now on

    del modules["rich"]


if __name__ == "__main__":
    main()
