"""Parse the bodies of responses, which may contain anything."""

import json
import re
from typing import Final

_LIST: Final = re.compile(r"\s*\[\s*")
_SEPARATOR: Final = re.compile(r"\s*,\s*")


class Beginning(list[object]):
    """The first items of a list whose end was not read."""


def parse(body: bytes) -> object:
    """Return the JSON in a body, or its text if it is not JSON."""
    text = _text(body)
    try:
        return json.loads(text)
    except ValueError, RecursionError:
        return text


def parse_beginning(body: bytes) -> Beginning | str:
    """Return the complete items of a list that was cut, or the text if there are none.

    Whatever follows the first item that is not JSON is ignored.
    """
    text = _text(body)
    items, next_item = Beginning(), _LIST.match(text)
    decode = json.JSONDecoder().raw_decode
    try:
        while next_item:
            item, end = decode(text, next_item.end())
            items.append(item)
            next_item = _SEPARATOR.match(text, end)
    except ValueError, RecursionError:
        pass
    return items or text


def _text(body: bytes) -> str:
    """Return the text of a body, whatever its encoding."""
    return body.decode(json.detect_encoding(body), "replace")
