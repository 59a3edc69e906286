"""Permissions count for the live faults, whoever runs them."""

import os
import sys
import threading

import pytest

from dgstudio.bench.faults.permissions import obey_permissions, permissions_count


@pytest.mark.skipif(sys.platform == "win32", reason="folders have other permissions there")
def test_permissions_count_for_the_thread_that_obeys_and_for_no_other(tmp_path):
    counted = []

    def obey() -> None:
        obey_permissions()
        counted.append(permissions_count(tmp_path))

    before = permissions_count(tmp_path)
    thread = threading.Thread(target=obey)
    thread.start()
    thread.join()
    assert counted == [sys.platform == "linux" or os.geteuid() != 0]
    assert permissions_count(tmp_path) == before and list(tmp_path.iterdir()) == []
