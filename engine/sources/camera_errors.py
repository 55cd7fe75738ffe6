"""Why a camera of this machine gives no picture."""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Sequence

from engine.errors import LiveError
from engine.i18n import N_

_LINUX = sys.platform.startswith("linux")

# Of <linux/videodev2.h>: asks for buffers, which a camera gives to one program at a time.
_REQUEST_BUFFERS = 0xC0145608
_BUFFERS = struct.Struct("=IIIIB3x")
_CAPTURE, _MAPPED = 1, 1


def not_opened(name: str, path: str) -> LiveError:
    """Say why a camera that is connected cannot be used.

    Args:
        name: Its name.
        path: Its device; on Linux it is asked for the reason.
    """
    reason = _refusal(path) if _LINUX and path else None
    if reason == errno.EBUSY:
        return LiveError(
            N_("The camera {name} is in use: another program has its picture."),
            N_("Close the other program."),
            name=name,
        )
    if reason in (errno.EACCES, errno.EPERM):
        return LiveError(
            N_("You may not use the camera {name}: {path} is closed to you."),
            N_('Join the group that may, which is "video" on most systems, and log in again.'),
            name=name,
            path=path,
        )
    if reason in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return lost(name)
    if _LINUX:
        return LiveError(
            N_("The camera {name} gives no picture."),
            N_("Unplug it, plug it in again, and ask for another size."),
            name=name,
        )
    return LiveError(
        N_("The camera {name} cannot be opened: another program may be using it."),
        N_("Close the other program, and allow LabSight the camera in the system's settings."),
        name=name,
    )


def black(name: str) -> LiveError:
    """Say that a camera gives only black, as one does that another program holds."""
    return LiveError(
        N_("The camera {name} gives only black pictures: another program may be using it."),
        N_("Close the other program, and open the camera's cover."),
        name=name,
    )


def lost(name: str) -> LiveError:
    """Say that a camera was there before."""
    return LiveError(
        N_("The camera {name} gives no picture any more."),
        N_("Check its cable and plug it in again."),
        name=name,
    )


def unknown(wanted: str, names: Sequence[str]) -> LiveError:
    """Say that no camera has this name or number."""
    if not names:
        return LiveError(
            N_("There is no camera {wanted}: none is connected."),
            N_("Plug one in; sim: is a simulated camera."),
            wanted=wanted,
        )
    return LiveError(
        N_("There is no camera {wanted}."),
        N_("Connected: {names}."),
        wanted=wanted,
        names=", ".join(names),
    )


def ambiguous(wanted: str, names: Sequence[str]) -> LiveError:
    """Say that a part of a name fits several cameras."""
    return LiveError(
        N_("Several cameras are called {wanted}."),
        N_("Write the whole name of one: {names}."),
        wanted=wanted,
        names=", ".join(names),
    )


def _refusal(path: str) -> int | None:
    """Return the number of the error with which Linux refuses a camera, None where it does not."""
    import fcntl

    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return error.errno
    try:
        for count in (1, 0):
            fcntl.ioctl(device, _REQUEST_BUFFERS, _BUFFERS.pack(count, _CAPTURE, _MAPPED, 0, 0))
    except OSError as error:
        return error.errno
    finally:
        os.close(device)
    return None
