"""Which node image a new cluster gets."""

import os
import re

from kind.commands import KindError
from kind.engine import Engine
from kind.node_image.build import built_node_image
from kind.node_image.programs import kind_source
from kind.phases import phase

_VARIABLE = "DARKROOM_NODE_IMAGE"
_STOCK, _BUILT = "stock", "built"


def node_image(engine: Engine) -> str:
    """The stock image of our kind if it is here or can be pulled, else our own.

    $DARKROOM_NODE_IMAGE overrides: `stock`, `built`, or the name of an image.

    Raises:
        KindError: The image that was asked for can't be had.
    """
    wanted = os.environ.get(_VARIABLE, "")
    if wanted not in {"", _STOCK, _BUILT}:
        return wanted
    if wanted != _BUILT:
        stock = _stock_image()
        with phase("looking for the stock node image"):
            found = engine.has_or_pulls(stock)
        if found:
            return stock
        if wanted == _STOCK:
            raise KindError(f"{stock} is not here and can't be pulled: see to the network, or set {_VARIABLE}={_BUILT}")
        print(f"{stock} can't be pulled: a node image from Go modules and Debian packages instead", flush=True)
    return built_node_image(engine)


def _stock_image() -> str:
    """The name and digest that our version of kind uses by default."""
    defaults = kind_source() / "pkg" / "apis" / "config" / "defaults" / "image.go"
    found = re.search(r'const Image = "([^"]+)"', defaults.read_text(encoding="utf-8"))
    if found is None:
        raise KindError(f"{defaults} names no image: another version of kind?")
    return f"docker.io/{found[1]}"
