"""The messages between the service and the process that makes thumbnails: a head of fixed size, then bytes."""

import struct
from typing import Final

REQUEST: Final = struct.Struct(">HI")
"""The size of the thumbnail in pixels, and the number of bytes of the file."""
RESPONSE: Final = struct.Struct(">?I")
"""Whether there is a thumbnail, and the number of its bytes, or of those of the reason in UTF-8."""
