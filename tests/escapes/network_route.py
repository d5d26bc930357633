# SPDX-License-Identifier: Apache-2.0
"""A route of the machine is changed by netlink, which C libraries need for reading."""

import errno
import os
import socket
import struct

from tests.escapes.kit import Denied, Escape, Stage

RTM_NEWLINK = 16
REQUEST_AND_ACK = 5


def attempt(_stage: Stage) -> object:
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    link.send(struct.pack("IHHIIBxHiII", 32, RTM_NEWLINK, REQUEST_AND_ACK, 1, 0, 0, 0, 1, 0, 1))
    code = -struct.unpack_from("i", link.recv(4096), 16)[0]
    if code:
        raise OSError(code, os.strerror(code))
    return errno.errorcode


ESCAPE = Escape(attempt, "EPERM", Denied("kernel", "cap_net_admin"))
