"""Tables that a script writes into a page: the text between two marks, replaced."""

from __future__ import annotations


def put(page: str, mark: str, lines: list[str]) -> str:
    """The page with the text between ``<!-- mark -->`` and ``<!-- end of mark -->`` replaced."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + "\n" + "\n".join(lines) + "\n\n" + end + after
