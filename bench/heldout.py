"""How the held-out databases of ``finetune/heldout.yml`` were chosen, and a check of the choice.

    python -m bench.heldout            # compares the file with a fresh choice; exit status 1 when they differ
    python -m bench.heldout --write    # writes the file anew

Needs ``SHOPTALK_DATA``. The choice is drawn once, with :data:`SEED`, before anything is trained:

1. A database is eligible with at least :data:`MIN_QUESTIONS` human-cleaned questions, no empty table, and no
   *relative*: none that shares more than half of the smaller one's (table, column) names, upper case,
   underscores and a plural's s ignored. Relatives (the two Chinook stores, the family around one table of
   students) stay in training, because a held-out one would not be unseen.
2. Of the shop-like ones six go to the test side and two to validation.
3. The others are drawn domain by domain (:data:`DOMAINS`, by hand), each time from the class of sizes that
   is used least so far: 14 for testing, then 8 for validation.
4. The samples for slow machines: questions in proportion to each database's number, at least five, at even
   distances along its questions sorted by source and length of the gold statement.

``measured.txt`` holds keys of the demonstration shop's hand-written questions, which questions to train on
are kept apart from; it is checked and written here too, and needs no data.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.cases import FOLDER, load_questions
from finetune.heldout import FILE, MEASURED, question_id, wording

DEMO_QUESTIONS = [FOLDER / f"demo_{name}.jsonl" for name in ("dev", "practice", "voices", "test", "heldout")]
SEED = 4
MIN_QUESTIONS = 20
MAX_SHARED = 0.5
SHOPS = {"test": 6, "validation": 2}
OTHERS = {"test": 14, "validation": 8}
SAMPLES = {"test": 300, "validation": 150}
MIN_PER_DATABASE = 5
CLEANED = "spiderman"
"""The source of the human-cleaned questions; the other holds variants of them with synonyms."""

SHOP_LIKE = [
    "store_1",
    "department_store",
    "customers_and_addresses",
    "products_gen_characteristics",
    "chinook_1",
    "customers_and_invoices",
    "customers_card_transactions",
    "tracking_orders",
    "customer_complaints",
    "store_product",
    "shop_membership",
    "product_catalog",
    "epinions_1",
]
DOMAINS = {
    name: domain
    for domain, names in {
        "arts and media": "book_2 cinema entertainment_awards film_rank movie_1 music_1 music_4 musical "
        "theme_gallery program_share twitter_1 culture_company cre_Drama_Workshop_Groups cre_Theme_park",
        "business": "apartment_rentals assets_maintenance behavior_monitoring company_1 company_office "
        "device driving_school entrepreneur gas_company hr_1 manufactory_1 network_2 phone_1 restaurant_1 "
        "inn_1 wine_1 machine_repair party_host wedding browser_web",
        "education": "activity_1 college_1 college_2 college_3 csu_1 dorm_1 e_learning school_finance "
        "school_player student_1 student_assessment club_1 game_1",
        "finance and insurance": "insurance_and_eClaims insurance_fnol insurance_policies loan_1 "
        "small_bank_1 tracking_share_transactions",
        "government": "candidate_poll city_record county_public_safety e_government election "
        "election_representative local_govt_in_alabama voter_2 party_people perpetrator",
        "documents and projects": "cre_Doc_Control_Systems cre_Doc_Tracking_DB cre_Docs_and_Epenses "
        "document_management icfp_1 scientist_1 tracking_grants_for_research tracking_software_problems "
        "workshop_paper",
        "science and health": "allergy_1 farm hospital_1 medicine_enzyme_interaction protein_institute "
        "storm_record",
        "sport": "body_builder climbing gymnast match_season race_track soccer_2 sports_competition swimming "
        "university_basketball wrestler",
        "transport": "aircraft bike_1 flight_1 flight_4 railway ship_1 ship_mission train_station",
    }.items()
    for name in names.split()
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the choice looks at in one database."""

    tables: int
    rows: int
    is_whole: bool
    """No table is empty."""
    names: frozenset[tuple[str, str]]


def read_facts(file: Path) -> Facts:
    """Count tables and rows of an SQLite file, which is opened for reading only."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        tables = [name for (name,) in found]
        counts = [connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in tables]
        columns = {
            (_plain(name), _plain(row[1]))
            for name in tables
            for row in connection.execute(f'PRAGMA table_info("{name}")')
        }
    finally:
        connection.close()
    return Facts(tables=len(tables), rows=sum(counts), is_whole=all(counts), names=frozenset(columns))


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "").removesuffix("s")


def relatives(facts: dict[str, Facts]) -> set[str]:
    """Databases that share more than :data:`MAX_SHARED` of the smaller one's names with another one."""
    found: set[str] = set()
    for one, other in itertools.combinations(facts, 2):
        a, b = facts[one].names, facts[other].names
        if len(a & b) > MAX_SHARED * min(len(a), len(b)):
            found |= {one, other}
    return found


def choose(eligible: Iterable[str], facts: dict[str, Facts]) -> dict[str, list[str]]:
    """Names for ``test`` and ``validation``, drawn with :data:`SEED`."""
    chance = random.Random(SEED)
    pool = sorted(eligible)
    chance.shuffle(pool)
    chosen: dict[str, list[str]] = {"test": [], "validation": []}
    shops = [name for name in pool if name in SHOP_LIKE]
    for side, count in SHOPS.items():
        chosen[side], shops = shops[:count], shops[count:]
    left = [name for name in pool if name not in SHOP_LIKE]
    domains = sorted(set(DOMAINS.values()))
    chance.shuffle(domains)
    turn = itertools.cycle(domains)
    for side, count in OTHERS.items():
        sizes: Counter[int] = Counter()
        wanted = len(chosen[side]) + count
        while len(chosen[side]) < wanted:
            domain = next(turn)
            candidates = [name for name in left if DOMAINS[name] == domain]
            if not candidates:
                continue
            name = min(candidates, key=lambda n: sizes[_size(facts[n])])  # the first of the shuffled on a tie
            sizes[_size(facts[name])] += 1
            chosen[side].append(name)
            left.remove(name)
    return {side: sorted(names) for side, names in chosen.items()}


def _size(facts: Facts) -> int:
    """Class of sizes by tables: 0 for two, 1 for three, 2 for four or five, 3 for more."""
    return 0 if facts.tables <= 2 else 1 if facts.tables == 3 else 2 if facts.tables <= 5 else 3


def draw_sample(records: Sequence[dict[str, str]], count: int) -> dict[str, list[str]]:
    """Database → ids of ``count`` questions over all, in proportion and at even distances."""
    groups: dict[str, list[dict[str, str]]] = {}
    for record in records:
        groups.setdefault(record["database"], []).append(record)
    shares = _proportional({name: len(group) for name, group in groups.items()}, count)
    return {name: _evenly(groups[name], shares[name]) for name in sorted(groups)}


def _proportional(sizes: dict[str, int], count: int) -> dict[str, int]:
    if count < MIN_PER_DATABASE * len(sizes):
        raise ValueError(f"a sample of {count} cannot hold {MIN_PER_DATABASE} of each of {len(sizes)}")
    total = sum(sizes.values())
    shares = {name: max(MIN_PER_DATABASE, count * size // total) for name, size in sizes.items()}
    by_size = sorted(sizes, key=lambda n: (-sizes[n], n))
    for name in itertools.cycle(by_size):  # what rounding left over goes to or comes from the large ones
        missing = count - sum(shares.values())
        if missing == 0:
            return shares
        if missing > 0 or shares[name] > MIN_PER_DATABASE:
            shares[name] += 1 if missing > 0 else -1
    raise AssertionError("unreachable")


def _evenly(records: Sequence[dict[str, str]], count: int) -> list[str]:
    ordered = sorted(records, key=lambda r: (r["source"], len(r["sql"]), question_id(r["question"])))
    ids = dict.fromkeys(question_id(r["question"]) for r in ordered)
    if count > len(ids):
        raise ValueError(f"{records[0]['database']} has {len(ids)} questions, {count} are wanted")
    unique = list(ids)
    return [unique[(2 * i + 1) * len(unique) // (2 * count)] for i in range(count)]


def build(data: Path) -> dict[str, Any]:
    """The whole content of ``finetune/heldout.yml``, from the data."""
    records = [json.loads(line) for line in (data / "questions.jsonl").read_text("utf-8").splitlines()]
    cleaned = Counter(r["database"] for r in records if r["source"] == CLEANED)
    everything = Counter(r["database"] for r in records)
    facts = {name: read_facts(data / "database" / name / f"{name}.sqlite") for name in sorted(everything)}
    related = relatives(facts)
    eligible = [n for n in facts if cleaned[n] >= MIN_QUESTIONS and facts[n].is_whole and n not in related]
    chosen = choose(eligible, facts)
    return {
        "seed": SEED,
        "eligible": len(eligible),
        **{
            side: {
                name: {
                    "questions": cleaned[name],
                    "with_synonyms": everything[name] - cleaned[name],
                    "tables": facts[name].tables,
                    "rows": facts[name].rows,
                    "domain": "shop" if name in SHOP_LIKE else DOMAINS[name],
                }
                for name in names
            }
            for side, names in chosen.items()
        },
        "samples": {
            side: draw_sample([r for r in records if r["database"] in names], SAMPLES[side])
            for side, names in chosen.items()
        },
    }


def to_yaml(content: dict[str, Any]) -> str:
    """The file's text: a database a line, its sample a line."""
    lines = [
        "# Databases that nothing is trained on. Drawn once by `python -m bench.heldout`, which documents",
        "# and checks the choice. Never change it once something is trained: figures would not compare.",
        f"seed: {content['seed']}",
        f"eligible: {content['eligible']}  # databases that could have been drawn",
    ]
    for side in ("test", "validation"):
        lines.append(f"{side}:")
        lines += [
            f"  {n}: {{{', '.join(f'{k}: {v}' for k, v in f.items())}}}" for n, f in content[side].items()
        ]
    lines.append("samples:  # the first twelve digits of each question's SHA-256")
    for side in ("test", "validation"):
        lines.append(f"  {side}:")
        lines += [
            f"    {name}: [{', '.join(repr(i) for i in ids)}]"
            for name, ids in content["samples"][side].items()
        ]
    return "\n".join(lines) + "\n"


def measured_keys() -> str:
    """Keys of every turn of the demonstration shop's questions, sorted, a line each."""
    turns = {turn for file in DEMO_QUESTIONS for question in load_questions(file) for turn in question.turns}
    return "".join(f"{key}\n" for key in sorted(map(wording, turns)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 done or same, 1 different, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m bench.heldout", description="The held-out databases.")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name} instead of comparing")
    options = parser.parse_args(arguments)
    measured = measured_keys()
    if options.write:
        MEASURED.write_text(measured, encoding="utf-8")
    elif MEASURED.read_text(encoding="utf-8") != measured:
        print(f"{MEASURED.name} is not of the demonstration shop's questions; --write makes it anew")
        return 1
    data = Path(os.environ.get("SHOPTALK_DATA", "")) / "spider_train"
    if not (data / "questions.jsonl").is_file():
        print(f"bench.heldout: {data} has no questions.jsonl; set SHOPTALK_DATA", file=sys.stderr)
        return 2
    content = build(data)
    if options.write:
        FILE.write_text(to_yaml(content), encoding="utf-8")
        print(f"wrote {FILE}")
        return 0
    is_same = yaml.safe_load(FILE.read_text(encoding="utf-8")) == content
    print("the file is what the choice gives" if is_same else "the file differs from a fresh choice")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
