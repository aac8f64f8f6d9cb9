"""Names of people, by the words around them and by lists of names.

A word with a capital is no name by itself: "Jordan", "Marshall" and "Olive" are sold in shops. It takes a
word that only people have around them ("my name is", "Mrs", "regards"), or a given name with a family name
behind it. Chinese names begin with one of the family names and stand where people are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cache

from sql.personal.given_names import common_words, listed_names, words_of
from sql.personal.personal_spans import Span

_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?")
_PARTICLES = words_of("particles")
_TITLES = words_of("titles")
_GREETINGS = words_of("greetings")
_NO_NAMES = words_of("everyday")
_ORGANISED = words_of("things")
_BEFORE_STRONG = re.compile(
    r"(?:\byour (?:first |last |full )?name\? |\bname(?:'s)?(?: (?:is|was|on (?:the )?\w+(?: is)?|"
    r"in the \w+ is|under))?[ \t:]*|\bnamed?(?: (?:him|her|it))?[ \t]|\bcalls? me[ \t]|"
    r"\bcalled[ \t]|\bi am[ \t]|\bi'm[ \t]|\bmaiden name is[ \t]|\b(?:mr|mrs|ms|miss|mx|dr|prof)\.?[ \t]|"
    r"\b(?:herr|frau|madame|monsieur)[ \t]|"
    r"\b(?:hi|hello|hey|dear)[ \t]|(?:regards|sincerely|cheers|yours|thanks|greetings|"
    r"thank you),?\s{1,3}|\bsigned(?: by)?:?[ \t]|"
    r"\b(?:recipient|consignee|receiver|addressee|attn\.?|attention|c/o|contact(?: person)?|cardholder|"
    r"account holder|"
    r"ship(?:ped|ping)? to|bill(?:ed|ing)? to|billing address|directed by|user|account under|guardian|"
    r"correct it to|"
    r"change it to|partner's name)[ \t]*:?\s{1,6}|\b(?:speak|spoke|talk|talked|speaking|talking|chat|"
    r"chatted) (?:to|with)[ \t]|\bask(?:ed)? for[ \t]|"
    r"\b(?:my|his|her|our) (?:kid|son|daughter|wife|husband|partner|brother|sister|friend|mother|father|"
    r"mom|mum|dad|boss|colleague|neighbou?r)[ \t]|"
    r"\bit's under[ \t]|\bjoin accounts with[ \t]|\bfollow up with[ \t]|\bthis is[ \t]|\b(?:your|"
    r"the) (?:agent|employee|colleague|courier|driver|technician)[ \t]|"
    r"\bsigned for by[ \t]|\b(?:remember me|sing it with me),?[ \t]|\badd[ \t])$",
    re.IGNORECASE,
)
_LODGES = re.compile(
    r"[ \t]+(?:(?:lives|lived) (?:at|on|in)|shouted at|had given|had told)\b|"
    r", can I (?:please )?(?:speak|talk)\b"
)
"""Of which not even a word that begins a sentence is a thing."""
_NAMED = re.compile(
    r"\bname(?:'s| is| was|:)[ \t]+(?:[^\W\d_]+[ \t]+)?$|\b(?:named|called)[ \t]$|\bcalls? me[ \t]$|"
    r"^i'm[ \t]$",
    re.IGNORECASE,
)
"""What tells a name in a text without capitals."""
_POLITE = re.compile(
    r"(?:\b(?:hi|hello|hey|dear)[ \t]|(?:regards|sincerely|cheers|yours|thanks|greetings|"
    r"thank you),?\s{1,3}|\badd[ \t]|\buser:?\s{1,6}|\bi'?m[ \t]|\bi am[ \t]|\bthis is[ \t])$",
    re.IGNORECASE,
)
"""Before which shops, brands and plain words stand too."""
_TEAM = re.compile(
    r"[ \t]+(?:team|support|customer|service|crew|shop|store|staff|people|family|!)", re.IGNORECASE
)
_STARTS = re.compile(r"(?:^|[.!?:\n\"(])[ \t\"(>]*$")
"""Where a word has a capital whatever it is."""
_BEFORE_WEAK = re.compile(
    r"(?:\b(?:by|with|from|for|to|and|told|said|says|asked|than|of|between|gave|features|heard|starring|"
    r"met|him|actor|"
    r"singer|producer|songwriter|commenter|player|early|leave me|tell|why is|when|that|but)[ \t]|"
    r"[,:;(\"'>?!][ \t\"]*|\n[> ?\t]*|^[> ?\t]*)$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:'s\b|[ \t]+(?:said|says|told|asks?|asked|replied|wrote|writes|called|calls|shouted|lives?|lived|"
    r"is|was|has|had|will|from|spent|"
    r"began|listed|flew|points|employs|speak|explained|just has|who|helped|answered|promised|and|of|as|"
    r"were|came|sent|handled|spoke)\b|[ \t]*:|,|\n|[ \t]*<|[ \t]*[.!?)\"]*$)",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"(?:'s (?:address|phone|number|mobile|e-?mail|house|wife|husband|son|daughter|kids?|mother|father|"
    r"birthday|name|account|order|parcel|story|tales)\b|"
    r"[ \t]+(?:said|says|told|asks?|asked|replied|wrote|writes|calls|called|shouted|lives|lived|moved|"
    r"speaks?|spoke|helped|answered|promised|had given|had told|"
    r"flew|explained|points out|handled|is from|is a very|is very|is so|from (?:customer|support|the)|"
    r"will (?:be|call)|,? who |, the [a-z]+|was (?:a|so|very|rude|friendly|kind|helpful)|"
    r"just|told me|has (?:been|helped)|has not)\b|[ \t]+from [A-Z]|[ \t]+of [A-Z]\w+ is\b|:|, (?:can|"
    r"could|please|the|what|I|thank)\b)"
)
_HEARD = re.compile(
    r"(?:\b(?:said|says|told|asked|why is|to speak to|had given|starring|directed by|influenced by|"
    r"sung by|producer|songwriter|leave me|have you heard|"
    r"remember me,|handled by|packed by|helped by|served by|answered by|signed by|between him and|"
    r"founders:|go to town,)[ \t]\"?)$",
    re.IGNORECASE,
)
_DETERMINED = re.compile(
    r"(?:\b(?:the|a|an|this|that|these|those|my|your|his|her|our|their|its|no|any|some|every|each|new|"
    r"old|another|in|at|near|around|"
    r"size|colou?r|model|brand|series|style|version)[ \t]|[#®™+&/-])$",
    re.IGNORECASE,
)
"""People have no article, and nobody is in them."""
_ACTED = re.compile(r"[ \t]+(?:were|are|both|have|had|said|told|wrote|called|came|promised|helped)\b")
_PREDICATE = re.compile(r"'s\b|[ \t]+(?:is|was|has|had|will|says|said|can|and|or)\b|[ \t]*:[ \t]|,[ \t]")
"""What a word that begins a sentence is the subject of, or is called by."""
_BY = re.compile(r"\b(?:by|with|and|than|as|assistant to|told|tell|early)[ \t]$", re.IGNORECASE)
_LIST = re.compile(r"(?:,[ \t]+(?:and[ \t]+)?|[ \t]+(?:and|&)[ \t]+)$")
_LIVES = re.compile(
    r"(?:[ \t]+(?:said|says|told|asked|replied|shouted|lives|lived|had given|speaks?|has promised)\b"
    r"|'s (?:wife|husband|son|daughter|killers|birthday|phone|e-?mail|kids?)\b|, can (?:I|you)\b)"
)
"""What only people do, so that the word before it needs to stand in no list."""


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    word: str

    @property
    def key(self) -> str:
        return self.word.rstrip(".").lower()

    @property
    def is_capital(self) -> bool:
        return self.word[0].isupper()

    @property
    def is_initial(self) -> bool:
        return len(self.word.rstrip(".")) == 1 and self.is_capital


def names(text: str) -> Iterator[Span]:
    """The names in a folded text; pieces may overlap."""
    if re.search(r"[A-Za-zÀ-ɏͰ-ӿ]", text):
        yield from _western(text if text != text.lower() else _with_capitals(text))
    if re.search(r"[\u3400-\u9fff]", text):
        yield from _chinese(text)


def _western(text: str) -> Iterator[Span]:
    parts = [part for run in _runs(text) for part in _parts(run)]
    found = {number for number, part in enumerate(parts) if _confidence(text, part)}
    found |= _listed_beside(text, parts, found)
    told = {_key(token) for number in found for token in parts[number] if _tells(token)}
    for number, part in enumerate(parts):
        if number in found or (len(part) < 3 and all(_key(token) in told for token in part)):
            yield Span(
                start=part[0].start,
                end=_end(text, part),
                kind="name",
                confidence=_confidence(text, part) or _AGAIN,
            )


def _with_capitals(text: str) -> str:
    """A text written in small letters alone, with capitals where a word may be a name."""
    given, _ = listed_names()
    words = list(_TOKEN.finditer(text))
    keys = [re.sub(r"'s$|\.$", "", word[0]) for word in words]
    plain = _plain_words()
    characters = list(text)
    for number, (word, key) in enumerate(zip(words, keys, strict=True)):
        after = keys[number + 1 : number + 3]
        beside = after[1:] if after and len(after[0]) == 1 else after[:1]
        is_pair = key in given and beside and _is_listed(beside[0]) and {key, *beside}.isdisjoint(plain)
        if is_pair or (_NAMED.search(text[max(0, word.start() - 48) : word.start()]) and key not in plain):
            rest = words[number : number + 1 + (len(after[0]) == 1) + 1] if is_pair else [word]
            for each in rest:
                characters[each.start()] = text[each.start()].upper()[:1]
    return "".join(characters)


@cache
def _plain_words() -> frozenset[str]:
    return _NO_NAMES | _ORGANISED | common_words()


def _runs(text: str) -> Iterator[list[_Token]]:
    """Words with capitals that stand side by side, with initials and particles between them."""
    run: list[_Token] = []
    waiting: list[_Token] = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word.endswith(".") and len(word) > 2 and word[:-1].lower() not in _TITLES | {"st"}:
            word = word[:-1]
        token = _Token(match.start(), match.start() + len(word), word)
        beside = waiting or run
        last = beside[-1] if beside else None
        is_near = (
            last is not None and text[last.end : token.start].strip(" \t") == "" and last.end < token.start
        )
        if not is_near and run:
            yield run
            run, waiting = [], []
        if token.is_capital and not re.search(r"[\u3400-\u9fff]", word):
            run += [*waiting, token] if run else [token]
            waiting = []
        elif run and token.key in _PARTICLES and len(waiting) < 2:
            waiting.append(token)
        elif run:
            yield run
            run, waiting = [], []
    if run:
        yield run


def _parts(run: Sequence[_Token]) -> Iterator[list[_Token]]:
    """What a run of capital words may name: without the greetings, titles and words of every day in it."""
    parts: list[list[_Token]] = [[]]
    for number, token in enumerate(run):
        is_middle = token.is_initial and 0 < number < len(run) - 1 and not run[number + 1].word.isupper()
        if _is_plain(token) and not is_middle:
            parts.append([])
        else:
            parts[-1].append(token)
    for part in parts:
        kept = list(part)
        while kept and kept[-1].key in _PARTICLES and not kept[-1].is_capital:
            kept.pop()
        while kept and kept[0].key in _PARTICLES and not kept[0].is_capital:
            kept.pop(0)
        if 0 < len(kept) <= 6 and not all(token.is_initial for token in kept):
            yield kept


def _is_plain(token: _Token) -> bool:
    word = re.sub(r"'(?:m|s|re|ve|d|ll|t)$", "", token.key)
    return token.is_capital and (word in _NO_NAMES or word in _TITLES or word in _GREETINGS)


def _end(text: str, part: Sequence[_Token]) -> int:
    """Where a name ends, its genitive left out."""
    end = part[-1].end
    return end - 2 if text[part[0].start : end].lower().endswith("'s") else end


def _key(token: _Token) -> str:
    return re.sub(r"'s$", "", token.key)


def _tells(token: _Token) -> bool:
    """Whether a word of a name names the same person when it stands alone later."""
    key = _key(token)
    return len(key) > 2 and key not in _PARTICLES and key not in common_words()


def _is_listed(word: str) -> bool:
    given, family = listed_names()
    return word in given or word in family


def _listed_beside(text: str, parts: Sequence[Sequence[_Token]], found: Set[int]) -> set[int]:
    """Names of the lists that another name stands in: "Becker, Kónya and Vasquez"."""
    beside: set[int] = set()
    lists: list[list[int]] = []
    for number, part in enumerate(parts):
        is_next = number > 0 and _LIST.fullmatch(text[_end(text, parts[number - 1]) : part[0].start])
        if is_next and lists:
            lists[-1].append(number)
        else:
            lists.append([number])
    for each in lists:
        if any(_key(token) in _ORGANISED for number in each for token in parts[number]):
            continue
        known = sum(
            number in found
            or (_is_listed(_key(parts[number][0])) and _key(parts[number][0]) not in common_words())
            for number in each
        )
        if len(each) > 1 and (
            2 * known > len(each) or (known and _ACTED.match(text, _end(text, parts[each[-1]])))
        ):
            beside |= {
                number
                for number in each
                if not any(
                    _key(token) in _ORGANISED or _key(token) in common_words() for token in parts[number]
                )
            }
    return beside


_AGAIN = 0.6
"""Of a word that is part of a name elsewhere in the text, or stands in a list of names."""


def _confidence(text: str, part: Sequence[_Token]) -> float:
    """How surely a run of capital words is a name; 0 where it is none by itself."""
    keys = [_key(token) for token in part]
    if any(key in _ORGANISED for key in keys):
        return 0.0
    given, family = listed_names()
    start, end = part[0].start, _end(text, part)
    before, after = text[max(0, start - 48) : start], text[end : end + 24]
    words = [
        key for key, token in zip(keys, part, strict=True) if not token.is_initial and key not in _PARTICLES
    ]
    simple = [key.split("-")[0] for key in words]
    if not words:
        return 0.0
    knows_given = simple[0] in given or not simple[0].isascii()
    knows_family = len(words) > 1 and (words[-1] in family or words[-1] in given)
    is_known = knows_given or knows_family or words[0] in family
    if _BEFORE_STRONG.search(before) and not _TEAM.match(after):
        is_odd = len(words) == 1 and words[0] in common_words() and not knows_given
        is_full = len(words) == 2 and all(token.word[1:].islower() for token in part if not token.is_initial)
        if not is_odd and (is_known or is_full or not _POLITE.search(before)):
            return 0.9 if is_known else 0.75
    starts = _STARTS.search(before) is not None
    is_plain = any(word in common_words() for word in words) or part[-1].word.isupper()
    if (
        not is_plain
        and len(words) < 3
        and (
            ((is_known or len(words) > 1 or not starts) and (_LIVES.match(after) or _HEARD.search(before)))
            or _LODGES.match(after)
        )
    ):
        return 0.65
    if len(words) == 1:
        is_name = (knows_given or words[0] in family) and words[0] not in common_words()
        if is_name and (_DOES.match(after) or _HEARD.search(before)):
            return 0.65
        is_begun = starts and _PREDICATE.match(after) is None
        is_alone = (knows_given or (is_name and _BY.search(before))) and len(words[0]) > 3
        is_alone = is_alone and is_name and not is_begun and not _DETERMINED.search(before)
        has_around = _AFTER.match(after) is not None or _BEFORE_WEAK.search(before) is not None
        return 0.55 if is_alone and has_around and part[0].word[1:].islower() else 0.0
    if all(word in common_words() for word in words):
        return 0.0
    if knows_given and knows_family:
        return 0.85
    if any(token.is_initial for token in part[1:-1]):
        return 0.8
    has_weak = _AFTER.match(after) is not None or _BEFORE_WEAK.search(before) is not None
    is_determined = _DETERMINED.search(before) is not None
    if (knows_given or knows_family) and has_weak and not is_determined:
        return 0.7
    has_both = _AFTER.match(after) is not None and _BY.search(before) is not None
    is_written = all(token.word[1:].islower() for token in part if not token.is_initial)
    if (
        len(words) == 2
        and is_written
        and not is_plain
        and not is_determined
        and (has_both or (_DOES.match(after) and after[0] != ":"))
    ):
        return 0.6
    is_line = before.strip(" \t>?").endswith(("", "\n")[start > 0]) and re.match(r"[ \t]*\n", after)
    return (
        0.6 if is_line and len(words) == 2 and re.search(r"\n[> \t?]*\d|\n\n", text[end : end + 200]) else 0.0
    )


_FAMILY = "".join(sorted(words_of("chinese_family")))
_COMPOUND = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|夏侯|端木|南宫"
_HAN = r"\u3400-\u9fff"
_PERSON = rf"(?:(?:{_COMPOUND})[{_HAN}]{{1,2}}|[{_FAMILY}][{_HAN}]{{1,2}})"
_CUED = re.compile(
    rf"(?:收件人|收货人|取件人|代收人|接收人|联系人|签收人|持卡人|开户人|户名|姓名|名字|真名|我叫|叫做|他叫|她叫|名叫|人叫|公叫|婆叫|我是|本人|抬头写?|"
    rf"署名|寄件人|付款人|购买人|下单人|经办人|转交给?|交给|发给|寄给|联系|收件|收货|顾客|客户|前台|店长|我[爸妈爷奶哥弟姐妹]|爸爸|妈妈|朋友|同事|叔叔|阿姨|快递写)"
    rf"(?:姓名|名字|信息|换成|改成|改为|应该|写的|填的|已经|请|现在|不是)?[ ]?"
    rf"(?:[:：]|是|为|叫|写|填|改成|改为|换成|"
    rf"变更为)?[ \"“「]?(?P<name>{_PERSON})"
)
_FAMILY_TOLD = re.compile(rf"(?:我|本人)姓(?P<name>{_COMPOUND}|[{_FAMILY}])(?![名氏])")
_TITLED = re.compile(
    rf"(?P<name>(?:{_COMPOUND})[{_HAN}]{{0,2}}?|[{_FAMILY}][{_HAN}]{{0,2}}?)"
    rf"(?=(?:先生|女士|小姐|老师|师傅|阿姨|太太|同学|经理|大哥|大姐|叔叔|医生|收(?=$|[\s,，。;；、)）])|（收）|\(收\)|收件))"
)
_NO_CHINESE_NAME = re.compile(
    r"一半|一点|一样|孙子|孙女|康复|安静|明白|[的了是在有和个们家店已签谁位您你我他她它这那哪很不没也都就还被把对从给让跟说问叫打买用]|^[何于时都从那有能通向相文水公常强曾应]$"
)
"""What is in no name, though a family name may stand before it."""


def _chinese(text: str) -> Iterator[Span]:
    for match in _CUED.finditer(text):
        name = _named(text, match.start("name"), match["name"])
        if name and not _NO_CHINESE_NAME.search(name):
            start = match.start("name")
            yield Span(start=start, end=start + len(name), kind="name", confidence=0.85)
    for match in _FAMILY_TOLD.finditer(text):
        yield Span(start=match.start("name"), end=match.end("name"), kind="name", confidence=0.85)
    for match in _TITLED.finditer(text):
        start, name = match.start("name"), match["name"]
        if (
            len(name) == 1
            and text[max(0, start - 2) : start] not in ("前台", "联系")
            and re.match(r"[\u3400-\u9fff]", text[start - 1 : start])
            and _is_word(text[start - 1 : start + 1])
        ):
            continue
        if not _NO_CHINESE_NAME.search(name) and not (len(name) > 1 and _is_word(name)):
            yield Span(start=start, end=start + len(name), kind="name", confidence=0.8)
    yield from _tagged(text)


def _is_word(text: str) -> bool:
    """Whether a text is a word of the language and no name."""
    import rjieba

    words = rjieba.tag(text)
    return len(words) == 1 and not words[0][1].startswith("nr")


def _named(text: str, start: int, name: str) -> str:
    """The name at the start of what stands where a name is told; empty where a plain word stands there."""
    import rjieba

    words = rjieba.tag(text[start : start + 8])
    if not words:
        return ""
    word, tag = words[0]
    if _NO_CHINESE_NAME.search(name[: max(2, len(word))]):
        return ""
    is_unknown = tag.startswith("nr") or (
        tag in ("x", "nz", "ns", "r") and len(name) > 1 and word not in _WORDS
    )
    if is_unknown and 2 <= len(word) <= 4 and len(word) >= len(name) - 1:
        more = words[1][0] if len(words) > 1 else ""
        return (
            name
            if len(word) < len(name) and len(more) == 1 and words[1][1] in ("zg", "ng", "g")
            else str(word)
        )
    if len(word) > 1 and not re.fullmatch(_COMPOUND, word):  # a plain word: 我是老师, 找客服
        return ""
    joined = word
    for more, _ in words[1:]:
        if len(joined) + len(more) > (4 if len(word) > 1 else 3) or re.search(
            r"[^\u3400-\u9fff]|[的了吗呢啊电手地]", more
        ):
            break
        joined += more
    return joined if len(joined) > 1 else ""


_WORDS = words_of("no_chinese_names")
"""What the segmenter takes for a name or a place; no person's."""


def _tagged(text: str) -> Iterator[Span]:
    """Full names that the segmenter knows by itself, where somebody does or gets something."""
    import rjieba

    place = 0
    words = rjieba.tag(text)
    for number, (word, tag) in enumerate(words):
        start, place = place, place + len(word)
        if (
            not tag.startswith("nr")
            or not re.fullmatch(_PERSON, word)
            or word in _WORDS
            or _NO_CHINESE_NAME.search(word)
        ):
            continue
        before = words[number - 1][0] if number else ""
        after = words[number + 1][0] if number + 1 < len(words) else ""
        if before in _DONE_TO or after in _DOES_ZH:
            yield Span(start=start, end=place, kind="name", confidence=0.7)


_DONE_TO = words_of("before_chinese_names")
_DOES_ZH = words_of("after_chinese_names")
