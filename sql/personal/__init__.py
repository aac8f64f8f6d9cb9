"""Personal data in free text: where it stands, of what kind it is, and the text with it left out.

English and Chinese. Numbers are held to the rules of their kind (check digits, numbering plans), names and
addresses to the words around them and to names that are known; ``bench.personal`` measures both. It reads
text alone: which columns and roles are meant is ``sql.lock``'s matter. Not covered: what tells a person
without naming them ("the mayor's wife"), and names in other scripts.
"""

from sql.personal.known_people import KnownNames
from sql.personal.masking import LABELS, mask, pseudonym
from sql.personal.personal_pieces import REGIONS, find
from sql.personal.personal_spans import Kind, Span

VERSION = 1
"""Raised whenever another thing is found in a text: what was kept of masked texts is then masked anew."""

__all__ = ["LABELS", "REGIONS", "VERSION", "Kind", "KnownNames", "Span", "find", "mask", "pseudonym"]
