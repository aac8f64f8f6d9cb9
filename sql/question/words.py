"""Word lists that linking and drafting share: words without content, and words that shape a query.

Lists, not statistics: few enough to read, the same in every shop, and a question never changes them.
"""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as running text."""
    return frozenset(text.split())


STOP_WORDS = words(
    """
    a an the of in on at for to from with and or as is are was were be been being am do does did done
    have has had having i me my we us our you your it its they them their he she his her this that these
    those there here what which who whom whose when where why how much many can could would should will
    shall may might must please show list give tell find get display see want need know look let if then
    than so such just also still ever yet into within out up off about across through during between
    among against per by via s t re ll ve d m any some all both either each every only own same other
    another more most less least not no nor without except excluding besides including currently now
    right today ok hi hello thanks thank come came coming go went make made making take took place
    placed happen happened use used using belong belongs exist exists existing there's what's whats
    really actually exactly altogether overall far name names called named information info details
    detail data entry entries record records corresponding bring brought generate generated earn earned
    receive received one ones thing things gone doing like because but shop store shops stores stayed
    comes gets goes brings gives takes
    stay we've taken wich anything something euro euros eur € agreed agree needed live lives lived
    living it's work onto whole total someone somebody everything nothing nobody
    dear hey kindly cheers regards folks guys asap fyi urgently curious wondering wonder quick quickly
    havent hasnt didnt dont doesnt isnt arent nos
    money shows showing appear appears appeared moment got pls plz who's whos hows thats i'm
    """
)
"""Words that name nothing in a shop's data."""

SHAPE_WORDS = words(
    """
    top bottom best worst most least highest lowest largest smallest biggest greatest fewest high low
    average avg mean median total totals sum number count counts counted maximum minimum max min per by
    each every group grouped sort sorted ordered rank ranked ranking ascending descending alphabetical
    alphabetically percent percentage share shares ratio proportion fraction rate compare compared
    comparison versus vs difference change changed growth grow grew trend trends development evolve over
    time more less than above below under greater fewer exceed exceeding exceeds equal equals distinct
    different unique first last latest recent recently newest oldest earliest new old daily weekly
    monthly quarterly yearly annual annually hourly day days week weeks month months quarter quarters
    year years hour hours weekday weekdays date dates times period long longest shortest short common
    popular frequent often half double twice once together combined respective respectively breakdown
    split separately overview summary figure figures value values amount five ten three two four six
    seven eight nine twenty never part parts increase increased decrease decreased drop dropped fall
    fell rise rose expensive cheapest cheap starting begin begins start starts end ends better worse
    before after since until contain contains containing include includes word letter letters substring gap
    gaps
    """
)
"""Words that say how to count, group, sort or compare; known although no name of the shop explains them."""

ZH_STOP = words(
    """
    的 了 吗 呢 吧 啊 是 有 在 和 与 及 或 我 我们 你 你们 他们 它 请 请问 帮 帮我 一下 给 给我 看看 看 查
    查询 查一下 想 知道 显示 列出 列 告诉 什么 哪 哪些 哪个 哪几个 哪里 几 几个 多少 怎么样 如何 怎样 情况
    都 也 还 就 才 从 到 至 于 对 为 被 把 这 那 这个 那个 这些 那些 里 中 内 上 下 个 位 名 款 种 条 件 单
    次 家 元 欧元 人 各 各个 每 每个 每种 每位 其中 之 所有 全部 一共 总共 共 有多少 是多少 能 可以 要 需要
    会 来 来自 去 过 得 地 卖 卖出 卖了 店 店里 店铺 我们店 咱们 目前 现在 当前 最 以 并 且 并且 通过 使用
    用 属于 包括 叫 名称 名字 信息 数据 一 二 三 四 五 六 七 八 九 十 两 有没有 没有 不 没 非 除了 以外 外
    分别 下单 方面 来说 谁 历史 历史上 因为 所以 了吗 有史以来 公司 本店 做 用了 比
    笔 盒 瓶 袋 箱 双 套 台 份 批 部 本 张 只 项 啥 呀 嘛 哦 呗 哈 着 但 但是 而且 然后 如果 到底 究竟
    具体 大概 麻烦 帮忙 谢谢 列下 列一下 百分之几 里面 里头 当中 跟 时候 咱 各自 手头 手上 出来
    拉 拉一下 拉个 发我 老板 领导 问 问下 问一下 您好 你好 亲 急 赶紧 查下 看下 帮查
    写 写出来 对账 汇报
    """
)

ZH_SHAPE = words(
    """
    最高 最低 最多 最少 最大 最小 最好 最差 最贵 最便宜 前 后 排名 排行 平均 均值 总 总数 总额 总计 合计
    求和 数量 个数 人数 按 按照 分 分组 每天 每日 每周 每月 每个月 每季度 每年 逐月 月度 年度 季度 日 天 周
    月 年 小时 星期 占比 比例 比率 百分比 份额 对比 比较 相比 变化 增长 下降 趋势 同比 环比 大于 小于 等于
    超过 低于 高于 不足 至少 至多 以上 以下 之间 不同 去重 唯一 第一 最新 最近 最早 热门 畅销 排序 升序 降序
    时间 日期 段 期间 期 额 数 量 率 值 倒数 走势 哪天 哪月 贵 便宜 高 低 多 少 大 小 好 差 前十 前五 前三
    各自 分布 汇总 明细 统计 拆分
    """
)

NUMBER_WORDS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "dozen": 12,
    "once": 1,
    "twice": 2,
}

WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’][A-Za-z]+)?|\d+(?:[.,]\d+)*|[一-鿿㐀-䶿]+")
"""One run of letters, one number, or one run of Chinese characters."""


def stem(word: str) -> str:
    """``word`` in lower case without its plural or possessive ending; short words stay as they are.

    >>> stem("Countries"), stem("headphones"), stem("address"), stem("customer's")
    ('country', 'headphone', 'address', 'customer')
    """
    word = re.sub(r"['’](s)?$", "", word.casefold())
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def root(word: str) -> str:
    """A coarser stem without verb endings: "returned" and "returns" meet.

    >>> root("returned"), root("shipping"), root("ratings")
    ('return', 'ship', 'rat')
    """
    word = stem(word)
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def is_chinese(text: str) -> bool:
    """Whether ``text`` contains a Chinese character."""
    return re.search(r"[一-鿿㐀-䶿]", text) is not None


def spaced(name: str) -> str:
    """A database name as words: ``unit_price`` and ``UnitPrice`` become ``unit price``.

    >>> spaced("InvoiceNo"), spaced("unit_price"), spaced("CustomerID")
    ('invoice no', 'unit price', 'customer id')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", name).strip().lower()
