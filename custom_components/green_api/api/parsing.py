"""Parse lists whose ends were not read."""

import json
import re
from typing import Final

LIST_START: Final = re.compile(r"\s*\[\s*")
_SEPARATOR: Final = re.compile(r"\s*,\s*")


class Beginning(list[object]):
    """The first items of a list whose end was not read."""


def parse_beginning(text: str) -> Beginning | str:
    """Return the complete items of a list that was cut, or the text if there are none.

    Whatever follows the first item that is not JSON is ignored.
    """
    items, next_item = Beginning(), LIST_START.match(text)
    decode = json.JSONDecoder().raw_decode
    try:
        while next_item:
            item, end = decode(text, next_item.end())
            items.append(item)
            next_item = _SEPARATOR.match(text, end)
    except ValueError, RecursionError:
        pass
    return items or text
