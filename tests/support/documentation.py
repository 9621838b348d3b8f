"""The documentation for users: the README and the pages of docs."""

from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]

PAGES: Final = sorted(_ROOT.glob("docs/*.md"))

DOCUMENTATION: Final = "\n".join(
    path.read_text(encoding="utf-8") for path in (_ROOT / "README.md", *PAGES)
)
