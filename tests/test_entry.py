"""The entry point: what opens the studio at once, and that it means the same as what the command line reads."""

import os
import subprocess
import sys
import typing

import pytest
import typer
from waiting import DEADLINE_S

from dgstudio.cli import app, studio
from dgstudio.entry import LISTS, OPTIONS, SWITCHES, plain_start


def test_nothing_and_the_studios_options_open_it_at_once():
    assert plain_start([]) == {}
    assert plain_start(["--source", "walk.csv", "--speed", "10", "--no-session"]) == {
        "source": "walk.csv", "speed": 10.0, "keep": False,
    }  # fmt: skip
    assert plain_start(["--osc-from", "10.0.0.1", "--osc-from", "10.0.0.2"]) == {"allowed": ("10.0.0.1", "10.0.0.2")}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run"], ["--speed", "fast"], ["--speed"], ["--source", "--present"], ["--nothing"], ["--osc-from"]],
)
def test_all_else_is_the_command_lines(arguments):
    assert plain_start(arguments) is None


def test_it_has_the_command_lines_own_options():
    params = {param.name: param for param in typer.main.get_command(app).params}
    told = {option for param in params.values() for option in param.opts}
    assert {*OPTIONS, *SWITCHES, *LISTS} == told - {"--version", "--debug", "--help"}
    kinds = typing.get_type_hints(studio)
    for option, (name, read) in OPTIONS.items():
        assert option in params[name].opts
        assert read in (kinds[name], *typing.get_args(kinds[name]))
    for option, name in LISTS.items():
        assert option in params[name].opts and list[str] in typing.get_args(kinds[name])


def test_opening_the_studio_imports_no_command_line():
    code = (
        "import sys, dgstudio.entry, dgstudio.studio.start\n"
        "print(sorted({'typer', 'pydantic', 'rich', 'importlib.metadata'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert done.stdout.strip() == "[]"


WITHOUT_A_WINDOW = """
import sys
for name in ("PySide6", "shiboken6", "qtawesome", "pyqtgraph"):
    sys.modules[name] = None
sys.argv = ["dgstudio", *sys.argv[1:]]
from dgstudio.entry import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [([], "The window is not installed; to install it: "), (["proof"], "This needs PySide6_Essentials")],
)
def test_without_the_window_installed_that_is_said_with_the_line_to_run(arguments, words):
    command = [sys.executable, "-c", WITHOUT_A_WINDOW, *arguments]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, env=environment, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"dgstudio: {words}") and "qtawesome" in done.stderr


def test_a_station_needs_nothing_of_the_window():
    command = [sys.executable, "-c", WITHOUT_A_WINDOW, "run", "--duration", "1", "--out", "osc:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "OSC messages" in done.stdout
