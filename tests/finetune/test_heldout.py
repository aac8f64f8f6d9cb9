from collections import Counter

import pytest
import yaml

from bench import heldout as choice
from finetune import heldout


def test_twenty_databases_are_for_testing_and_ten_for_validation():
    test, validation = heldout.databases("test"), heldout.databases("validation")
    assert (len(set(test)), len(set(validation))) == (20, 10)
    assert not set(test) & set(validation)
    content = yaml.safe_load(heldout.FILE.read_text(encoding="utf-8"))
    for side, count in choice.SHOPS.items():
        assert sum(facts["domain"] == "shop" for facts in content[side].values()) == count


def test_each_database_stands_on_one_side_whatever_its_case():
    name = heldout.databases("test")[0]
    assert heldout.split(name) == heldout.split(name.upper()) == "test"
    assert heldout.split(heldout.databases("validation")[0]) == "validation"
    assert heldout.split("department_store") == heldout.split("my_own_shop") == "train"


@pytest.mark.parametrize("name", ["world_1", "cre_Doc_Template_Mgt", "WTA_1"])
def test_the_dev_databases_of_spider_are_refused(name):
    with pytest.raises(ValueError, match="neither train nor tune"):
        heldout.split(name)


def test_the_samples_hold_what_they_promise():
    samples = yaml.safe_load(heldout.FILE.read_text(encoding="utf-8"))["samples"]
    for side, count in (("test", 300), ("validation", 150)):
        assert tuple(samples[side]) == heldout.databases(side)
        ids = [(name, i) for name, found in samples[side].items() for i in found]
        assert len(ids) == len(set(ids)) == count
        assert min(Counter(name for name, _ in ids).values()) >= choice.MIN_PER_DATABASE


def test_a_question_is_known_by_its_words_and_database():
    assert heldout.question_id(" How many? \n") == heldout.question_id("How many?")
    assert not heldout.is_sampled("department_store", "How many?")


def test_relatives_share_more_than_half_of_the_smaller_ones_names():
    def facts(*names):
        return choice.Facts(tables=1, rows=1, is_whole=True, names=frozenset(names))

    small = facts(("student", "id"), ("student", "age"))
    grown = facts(("student", "id"), ("student", "age"), ("pet", "id"), ("pet", "age"))
    half = facts(("student", "id"), ("dog", "age"))
    assert choice.relatives({"a": small, "b": grown}) == {"a", "b"}
    assert choice.relatives({"a": small, "b": half}) == set()


def test_a_sample_is_in_proportion_and_holds_no_question_twice():
    records = [
        {"database": name, "question": f"{name} {i}?", "sql": "SELECT " + "1" * i, "source": "x"}
        for name, count in (("large", 60), ("small", 6))
        for i in range(count)
    ]
    sample = choice.draw_sample(records, 30)
    assert {name: len(ids) for name, ids in sample.items()} == {"large": 25, "small": 5}
    assert len(set(sample["large"])) == 25
    with pytest.raises(ValueError, match="has 1 questions, 8 are wanted"):
        choice.draw_sample([*records[:1], *records[60:]], 60)


def test_the_file_is_what_the_documented_choice_gives(monkeypatch, data_folder):
    monkeypatch.setenv("SHOPTALK_DATA", str(data_folder))
    assert choice.main([]) == 0
    monkeypatch.setattr(choice, "SEED", 5)
    assert choice.main([]) == 1


def test_without_the_data_the_choice_says_what_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SHOPTALK_DATA", str(tmp_path))
    assert choice.main([]) == 2
    assert "set SHOPTALK_DATA" in capsys.readouterr().err
