"""What goes wrong with a stream, in sentences that hold no password."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from engine.errors import LiveError
from engine.i18n import N_
from engine.sources.addresses import Address

if TYPE_CHECKING:
    from av import FFmpegError

_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


def not_opened(
    error: FFmpegError | OSError, address: Address, took_s: float, timeout_s: float
) -> LiveError:
    """Say what an error of FFmpeg while connecting means.

    Args:
        error: What FFmpeg says.
        address: Where to.
        took_s: Seconds until it came.
        timeout_s: Seconds after which FFmpeg was to give up, which it reports in various ways.
    """
    import av

    origin, host = address.origin, address.host
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        return _locked_out(address)
    if isinstance(error, av.HTTPNotFoundError):
        return LiveError(
            N_("The camera at {host} knows no stream of this name: {origin}."),
            N_("Look up the path of the stream in the camera's manual."),
            host=host,
            origin=origin,
        )
    if isinstance(error, av.error.HTTPError):
        return LiveError(
            N_("The camera at {host} refuses to send its picture: {reason}."),
            N_("It may have too many viewers; start it again."),
            host=host,
            reason=error.strerror,
        )
    if isinstance(error, ConnectionRefusedError):
        return LiveError(
            N_("{host} refuses the connection: no camera listens there."),
            N_("Check that it is switched on, and check the port in its address."),
            host=host,
        )
    if isinstance(error, av.ExitError | TimeoutError) or took_s >= timeout_s:
        return LiveError(
            N_("{host} gave no answer in {seconds} s."),
            N_("Check that the camera is switched on and that its address is right."),
            host=host,
            seconds=f"{timeout_s:g}",
        )
    if error.errno in _UNREACHABLE:
        return LiveError(
            N_("{host} cannot be reached from here."),
            N_("Check the network cable or the wireless network."),
            host=host,
        )
    if error.errno == errno.EIO and address.scheme in ("https", "rtsps"):
        # FFmpeg has this one number for a name it cannot find and for encryption that fails.
        return LiveError(
            N_("No encrypted connection to {host} can be made."),
            N_("Check the name; many cameras are reached without encryption: http or rtsp."),
            host=host,
        )
    if error.errno == errno.EIO:
        return LiveError(
            N_("No machine of the name {host} is known."),
            N_("Check the spelling, or write its number, such as 192.168.1.20."),
            host=host,
        )
    return ended(address) if isinstance(error, OSError | EOFError) else no_video(address)


def lost(
    error: FFmpegError | OSError, address: Address, took_s: float, timeout_s: float
) -> LiveError:
    """Say what an error of FFmpeg on an open stream means; the arguments are as above."""
    import av

    if isinstance(error, av.ExitError | TimeoutError) or took_s >= timeout_s:
        return stalled(address)
    return ended(address)


def stalled(address: Address) -> LiveError:
    """Say that nothing comes over a connection that stands."""
    return LiveError(
        N_("No picture comes from {origin}."),
        N_("The camera answers but sends nothing; start it again."),
        origin=address.origin,
    )


def unreadable(address: Address) -> LiveError:
    """Say that what comes cannot be decoded."""
    return LiveError(
        N_("What {origin} sends cannot be decoded."),
        N_("Set the camera to H.264 or MJPEG, with a key picture every second or two."),
        origin=address.origin,
    )


def ended(address: Address) -> LiveError:
    """Say that the other side or the network ended the connection."""
    return LiveError(
        N_("The connection to {host} ended."),
        N_("The camera was switched off, or the network was interrupted."),
        host=address.host,
    )


def no_video(address: Address) -> LiveError:
    """Say that something else than video is there."""
    return LiveError(
        N_("There is no video at {origin}."),
        N_("Look up the address of the camera's video in its manual."),
        origin=address.origin,
    )


def single_picture(address: Address) -> LiveError:
    """Say that a picture is there that does not move."""
    return LiveError(
        N_("There is a single picture at {origin}, not a stream."),
        N_("Look up the address of the camera's video in its manual."),
        origin=address.origin,
    ).for_good()


def too_large(address: Address) -> LiveError:
    """Say that the pictures exceed what is read."""
    return LiveError(
        N_("The pictures of {origin} are too large."),
        N_("Choose a smaller size in the camera's settings."),
        origin=address.origin,
    ).for_good()


def _locked_out(address: Address) -> LiveError:
    if not address.user:
        return LiveError(
            N_("The camera at {host} asks for a name and a password."),
            N_("Write both into the address, as in {scheme}://NAME:PASSWORD@{host}/PATH."),
            host=address.host,
            scheme=address.scheme,
        ).for_good()
    return LiveError(
        N_("The camera at {host} does not accept the password of the user {user}."),
        N_(
            "Check both. In a password, / ? # @ : and % are written as %2F %3F %23 %40 %3A and %25."
        ),
        host=address.host,
        user=address.user,
    ).for_good()
