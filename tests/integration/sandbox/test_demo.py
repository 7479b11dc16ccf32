"""The demo plays its scenario without a browser: the whole product, as started by whoever tries it first."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

#: Most of the scenario is a meeting that has to begin and to end; the machine may be busy.
_PATIENCE = 180.0


async def test_the_scenario_of_the_demo_is_played_to_its_end(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sekretar",
        "demo",
        "--check",
        cwd=tmp_path,
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(demo.communicate(), _PATIENCE)
    finally:
        if demo.returncode is None:
            demo.kill()
            await demo.wait()
    assert demo.returncode == 0, said.decode()
    assert "✓ the contractor gets it and answers" in said.decode()
