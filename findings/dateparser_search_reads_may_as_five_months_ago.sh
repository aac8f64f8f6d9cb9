#!/usr/bin/env bash
# dateparser 1.5.0: parse("5月") is May, and parse("2025年5月") May 2025. search_dates, which looks for dates in a sentence,
# reads the same words as a length of time before today: asked on 30 June 2026, 5月的销售额 (sales of May) is 30 January
# 2026, 12月有多少订单 (orders in December) 30 June 2025, and 2025年5月 the year 1. 3月 is March all the same. A chat that
# finds the month of a Chinese question this way answers with another month's figure, without a word.
# Seen: the days below. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dateparser==1.5.0
cat > "$folder/show.py" <<'PYTHON'
import datetime as dt
import sys

import dateparser
from dateparser.search import search_dates

asked_on = {"RELATIVE_BASE": dt.datetime(2026, 6, 30)}


def found(sentence):
    return [str(day.date()) for _, day in search_dates(sentence, languages=["zh"], settings=asked_on)]


alone = [str(dateparser.parse(words, languages=["zh"], settings=asked_on).date()) for words in ("5月", "2025年5月")]
sentences = [found(s) for s in ("5月的销售额", "3月销售额是多少", "12月有多少订单", "2025年5月的销售额")]
print(alone, sentences)
expected = [["2026-01-30"], ["2026-03-30"], ["2025-06-30"], ["0001-01-30"]]
sys.exit(0 if (alone, sentences) == (["2026-05-30", "2025-05-30"], expected) else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
