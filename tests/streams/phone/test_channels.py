"""Values of several addresses have names, and a place each."""

from __future__ import annotations

import pytest

from dgstudio.streams.phone.channels import layout_of, named_layout, names_of


@pytest.mark.parametrize(
    ("address", "count", "names"),
    [
        ("/accelerometer", 3, ("accelerometer x", "accelerometer y", "accelerometer z")),
        ("/accelerometer/", 3, ("accelerometer x", "accelerometer y", "accelerometer z")),
        ("/accelerometer/X", 1, ("accelerometer x",)),
        ("/ZIGSIM/tHONK/quaternion", 4, ("quaternion x", "quaternion y", "quaternion z", "quaternion w")),
        ("/gyrosc/gyro", 3, ("gyro pitch", "gyro roll", "gyro yaw")),
        ("/gyrosc/quat", 4, ("quat w", "quat x", "quat y", "quat z")),
        ("/light", 1, ("light",)),
        ("/", 2, ("value x", "value y")),
        ("/all", 5, ("all 1", "all 2", "all 3", "all 4", "all 5")),
    ],
)
def test_values_are_called_by_their_address(address: str, count: int, names: tuple[str, ...]) -> None:
    assert names_of(address, count) == names


def test_what_would_be_called_alike_is_told_apart() -> None:
    names, layout = named_layout({"/left/accel": 3, "/right/accel": 3})
    assert names[0] == "left accel x" and names[3] == "right accel x"
    assert layout == {"/left/accel": (0, 1, 2), "/right/accel": (3, 4, 5)}
    names, _ = named_layout({"/a/b/c/d": 1, "/x/b/c/d": 1})
    assert names == ("1 b c d", "2 b c d")


def test_given_channels_are_found_by_name_whatever_the_device_is_called() -> None:
    counts = {"/ZIGSIM/other/gyro": 3, "/ZIGSIM/other/accel": 3, "/ZIGSIM/other/compass": 2}
    channels = ("gyro x", "gyro y", "gyro z", "accel x", "accel y", "accel z")
    layout = layout_of(channels, counts, whole=False)
    assert layout == {"/ZIGSIM/other/gyro": (0, 1, 2), "/ZIGSIM/other/accel": (3, 4, 5)}


def test_given_channels_of_other_names_are_taken_in_order_once_all_is_known() -> None:
    counts = {"/accelerometer": 3, "/gyroscope": 3}
    channels = ("ax", "ay", "az", "gx", "gy", "gz")
    assert layout_of(channels, counts, whole=False) is None
    assert layout_of(channels, counts, whole=True) == {"/accelerometer": (0, 1, 2), "/gyroscope": (3, 4, 5)}
    assert layout_of(channels[:5], counts, whole=True) is None
