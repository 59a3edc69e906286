"""What the build of a wheel does beside packing files: it compiles the kernel. Called by hatchling.

Where that fails the wheel is made without: the program then serves with the kernel's reference in numpy.
"""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ZIGLANG = "ziglang==0.17.1"
"""A C compiler from the package index, for machines that have none. It stays in the build's own environment."""


class CompileKernel(BuildHookInterface[Any]):
    """Puts the compiled kernel beside its source, and into the wheel, which then is one for this platform."""

    def dependencies(self) -> list[str]:
        """What must be installed before `initialize`."""
        return [] if _build(self.root).compiler() else [ZIGLANG]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; `version` is "standard" or "editable"."""
        build = _build(self.root)
        try:
            made = build.build()
        except (build.BuildError, OSError) as error:
            self.app.display_warning(f"The kernel was not compiled: {error}. Its reference will serve.")
            return
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"
        build_data["artifacts"] += [path.relative_to(self.root).as_posix() for path in made]


def _build(root: str) -> Any:
    """Module dgstudio.kernel.build, by its path: the package itself cannot be imported yet."""
    path = Path(root) / "dgstudio" / "kernel" / "build.py"
    spec = importlib.util.spec_from_file_location("kernel_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
