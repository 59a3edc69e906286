"""Serial ports: which there are, which one a user means, and opening one, each failure as a sentence."""

from __future__ import annotations

import errno
import re
import sys
from typing import TYPE_CHECKING

from dgstudio.errors import BadInputError, StreamError
from dgstudio.extras.known import needs
from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass

if TYPE_CHECKING:
    from serial import Serial

BAUD = 115_200
BAUDS = (1_200, 4_000_000)
LOOK_S = 0.1
"""How soon a thread that reads notices that it is to end."""
PLACE = re.compile(r"(?P<device>.*?)(?:@(?P<baud>[^@]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """A port and its speed; `device` "" means the only one that is plugged in."""

    device: str
    baud: int = BAUD

    def __str__(self) -> str:
        return f"{self.device or 'the serial port'} at {self.baud:,} baud"


@dataclass(frozen=True, slots=True)
class PortFound:
    """A port that is there. `hardware` tells the device again when it comes back under another name; "" if unknown."""

    device: str
    description: str
    hardware: str = ""

    @property
    def words(self) -> str:
        """As in "/dev/ttyACM0 (Arduino Uno)"."""
        return f"{self.device} ({self.description})" if self.description else self.device


def place_of(address: str) -> SerialPlace:
    """Read [PORT][@BAUD], as in /dev/ttyACM0@115200.

    Raises
    ------
    BadInputError
        If the speed cannot be.
    """
    found = PLACE.fullmatch(address)
    assert found is not None, "everything is a port"
    text = found["baud"]
    if text is None:
        return SerialPlace(address.strip())
    plain = text.replace(",", "").strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < 9 and BAUDS[0] <= int(plain) <= BAUDS[1]):
        raise BadInputError(
            f"“{shortened(text)}” is no speed of a serial port: write it as in serial:/dev/ttyACM0@115200, "
            f"{BAUDS[0]:,} to {BAUDS[1]:,} baud."
        )
    return SerialPlace(found["device"].strip(), int(plain))


def ports_found() -> tuple[PortFound, ...]:
    """Return the ports with something plugged in, sorted; none where pyserial is not installed."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        return ()
    found = []
    for port in comports():
        # A PC has up to 32 of its own with nothing behind them.
        if port.vid is None and sys.platform == "linux" and not port.device.startswith(("/dev/ttyACM", "/dev/ttyUSB")):
            continue
        hardware = "" if port.vid is None else f"{port.vid:04x}:{port.pid or 0:04x}:{port.serial_number or ''}"
        description = plain_text(port.description or "")
        found.append(PortFound(port.device, "" if description == "n/a" else description, hardware))
    return tuple(sorted(found, key=lambda port: port.device))


def chosen(place: SerialPlace) -> SerialPlace:
    """Return the place with its port named: the only one there is, where none was.

    Raises
    ------
    BadInputError
        If there is none, or more than one.
    """
    if place.device:
        return place
    found = ports_found()
    if not found:
        raise BadInputError(
            "No board is plugged in: plug one in, or name its port, as in --source serial:/dev/ttyACM0@115200."
        )
    if len(found) > 1:
        named = ", ".join(f"{port.device} ({port.description})" if port.description else port.device for port in found)
        raise BadInputError(
            f"There are {len(found)} serial ports, so name one, as in serial:{found[0].device}: {named}."
        )
    return SerialPlace(found[0].device, place.baud)


def hardware_of(device: str) -> str:
    """Return what tells the device at a port again; "" where nothing does."""
    return next((port.hardware for port in ports_found() if port.device == device), "")


def device_now(device: str, hardware: str) -> str:
    """Return the port at which a device is now: it may have come back under another name."""
    if not hardware or hardware.endswith(":"):
        return device
    found = [port.device for port in ports_found() if port.hardware == hardware]
    return device if device in found or not found else found[0]


def opened(device: str, baud: int) -> Serial:
    """Open a port for reading; nobody else may have it meanwhile.

    Raises
    ------
    StreamError
        If that cannot be; its text says why, and what to do.
    BadInputError
        If pyserial is not installed.
    """
    try:
        from serial import Serial, SerialException
    except ImportError as error:
        raise BadInputError(needs("Serial ports need", "serial")) from error
    try:
        # A write never waits: nothing is written.
        return Serial(
            device, baud, timeout=LOOK_S, write_timeout=0, exclusive=None if sys.platform == "win32" else True
        )
    except (SerialException, OSError, ValueError) as error:
        raise StreamError(_why_not(device, baud, error)) from error


def _why_not(device: str, baud: int, error: Exception) -> str:
    shown, number, said = shortened(device, 60), getattr(error, "errno", None), str(error).lower()
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "filenotfound" in said:
        return f"There is no serial port {shown}: plug the board in, or name another port."
    if number in (errno.EACCES, errno.EPERM) and sys.platform == "linux":
        return (
            f"You may not open {shown}: add yourself to its group with “sudo usermod -aG dialout $USER”, "
            "and log in again."
        )
    if number in (errno.EBUSY, errno.EAGAIN, errno.EACCES) or "lock" in said or "permissionerror" in said:
        return f"Another program has {shown} open, a serial monitor perhaps: close it there."
    if isinstance(error, ValueError) or number == errno.EINVAL:
        return f"{shown} cannot be set to {baud:,} baud: name another speed, as in serial:{shown}@115200."
    if number == errno.ENOTTY or "not configure" in said:
        return f"{shown} is no serial port: name one, as in serial:/dev/ttyACM0@115200."
    return f"{shown} cannot be opened: {getattr(error, 'strerror', None) or error}."
