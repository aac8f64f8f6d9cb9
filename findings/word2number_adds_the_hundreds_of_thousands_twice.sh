#!/usr/bin/env bash
# word2number 1.1: "one million two hundred thousand" is 1,201,200 and "three million five hundred thousand" 3,501,500:
# behind a million the hundreds of the thousands are added once more as plain hundreds. "two hundred thousand" alone
# is right. "half a million" is 1,000,000, and "two point five million" 2. A bound of "over one million two hundred
# thousand" read this way drops the orders between, without a word; nothing is raised.
# Seen: the numbers below. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check word2number==1.1
cat > "$folder/show.py" <<'PYTHON'
import sys

from word2number import w2n

expected = {
    "two hundred thousand": 200_000,
    "one million two hundred thousand": 1_201_200,
    "three million five hundred thousand": 3_501_500,
    "half a million": 1_000_000,
    "two point five million": 2,
}
found = {words: w2n.word_to_num(words) for words in expected}
print(found)
sys.exit(0 if found == expected else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
