"""Addresses of streams, their passwords kept out of all that is shown and stored."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from engine.errors import LiveError
from engine.i18n import N_

_SECRETS = re.compile(
    r"((?:pass(?:word|wd|phrase)?|pwd|psw|pw|token|secret|(?:api)?key|auth|sig(?:nature)?)=)[^&;/?#]+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[a-z]+://[^\s\x00-\x1f]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a stream.

    Attributes:
        url: What is opened, with everything in it; never shown.
        origin: What is shown and recorded: without user and password.
        scheme: Its first part, small: rtsp, rtsps, http or https.
        host: The machine, with its port where the address names one.
        user: The user's name, empty for none.
    """

    url: str = field(repr=False)
    origin: str
    scheme: str
    host: str
    user: str


def parse_address(text: str) -> Address:
    """Take an address apart.

    Raises:
        LiveError: It is none. The error does not repeat it, as parts of a password may be in it.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if host and port != 0 and _ADDRESS.fullmatch(text):
            shown = parts.netloc.rpartition("@")[2]
            scheme = parts.scheme.lower()
            rest = parts._replace(scheme=scheme, netloc=shown, fragment="").geturl()
            # FFmpeg takes schemes as they are written.
            url = f"{scheme}{text[len(scheme) :]}"
            user = unquote(parts.username or "")
            return Address(url, _SECRETS.sub(r"\1***", rest), scheme, shown, user)
    raise LiveError(
        N_("This address of a stream cannot be read."),
        N_(
            "It looks like rtsp://NAME:PASSWORD@HOST:PORT/PATH. In a password, / ? # @ : and % are"
            " written as %2F %3F %23 %40 %3A and %25."
        ),
    )
