"""Cut Mattermost's API specification down to what the sandbox's tests need, so that a clone can run them alone.

Run `python -m tests.contracts.trim_mattermost path/to/mattermost-openapi-v4.json` for a newer specification.
The result lists every operation of the version 4 API with the statuses of success that it declares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TRIMMED = Path(__file__).with_name("mattermost-routes.json")
_METHODS = ("get", "post", "put", "patch", "delete")


def trim(specification: dict[str, Any]) -> dict[str, list[int]]:
    """`"GET /api/v4/users/{}"` → declared statuses of success; names of path parameters do not matter."""
    routes: dict[str, list[int]] = {}
    for path, operations in specification["paths"].items():
        if "/plugins/" in path:
            continue
        for method in _METHODS:
            if method in operations:
                declared = operations[method]["responses"]
                routes[f"{method.upper()} {plain(path)}"] = sorted(
                    int(s) for s in declared if s.startswith("2")
                )
    return dict(sorted(routes.items()))


def plain(path: str) -> str:
    """The path with its parameters unnamed."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    TRIMMED.write_text(json.dumps(trim(source), indent=1) + "\n", encoding="utf-8")
