"""Packages that bring plug-ins, as an installer would leave them on the path."""

from __future__ import annotations

from pathlib import Path


def write_package(folder: Path, name: str, code: str, entries: dict[str, dict[str, str]]) -> None:
    """Write a module and the metadata of its package; `entries`: group → name → object in the module."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, names in entries.items():
        lines += [f"[{group}]", *(f"{entry} = {module}:{what}" for entry, what in names.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
