"""Files of other semantic layers become a shop: the right numbers, and every refusal told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers import Server
from typer.testing import CliRunner

from sql.databases import open_database
from sql.errors import ShopFileError
from sql.shop.layers import Imported, read_layer, shop_of_layer
from sql.shop.shopfile import dump_shop, load_shop
from sql.shop.workspace import Workspace, open_workspace
from sql.statement.compile import compile_statement
from sql.statement.parse import parse

HERE = Path(__file__).parent / "layers"
EXAMPLE = Path(__file__).parents[2] / "examples" / "tea_shop"
DATA = EXAMPLE / "data"
TODAY = dt.date(2025, 6, 15)
CASES = yaml.safe_load((HERE / "statements.yml").read_text("utf-8"))
REFUSED = yaml.safe_load((HERE / "refused.yml").read_text("utf-8"))
LAYERS = {
    "dbt, measures": ("dbt", EXAMPLE / "dbt"),
    "dbt, newer": ("dbt", HERE / "newer"),
    "dbt, compiled": ("dbt", HERE / "semantic_manifest.json"),
    "Cube": ("Cube", EXAMPLE / "cube"),
}


def imported(path: Path, data: Path | str = DATA) -> Imported:
    database = open_database(str(data))
    try:
        return shop_of_layer(read_layer(path), database, name="tea", location=str(data))
    finally:
        database.close()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Workspace]]:
    """Each layer's shop, written, read again and opened."""
    folder, known = tmp_path_factory.mktemp("layers"), {}

    def one(name: str) -> Workspace:
        if name not in known:
            file = folder / f"{len(known)}.yml"
            file.write_text(dump_shop(imported(LAYERS[name][1]).shop), encoding="utf-8")
            known[name] = open_workspace(load_shop(file))
        return known[name]

    yield one
    for workspace in known.values():
        workspace.close()


@pytest.mark.parametrize(
    ("layer", "case"),
    [
        pytest.param(layer, case, id=f"{layer}: {case['statement']}")
        for layer, (product, _) in LAYERS.items()
        for case in (*CASES["both"], *CASES[product])
    ],
)
def test_statements_have_the_numbers_worked_out_by_hand(
    opened: Callable[[str], Workspace], layer: str, case: dict[str, Any]
) -> None:
    workspace = opened(layer)
    compiled = compile_statement(parse(case["statement"]), workspace.shop, "duckdb", TODAY, workspace.role)
    rows = workspace.run(compiled.sql).rows
    assert [[plain(value) for value in row] for row in rows] == case["rows"]


def plain(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    return float(value) if hasattr(value, "as_tuple") else value  # type: ignore[arg-type]


@pytest.mark.parametrize("product", ["dbt", "Cube"])
def test_what_has_no_form_is_left_out_and_told(product: str) -> None:
    found = imported(HERE / f"refused_{product.lower()}")
    told = {each.what: each.reason for each in found.left_out}
    assert len(told) == len(found.left_out)
    assert told == REFUSED[product]["left_out"]
    assert [metric.name for metric in found.shop.metrics] == REFUSED[product]["metrics"]
    columns = {view.name: [column.name for column in view.columns] for view in found.shop.views}
    assert columns == REFUSED[product]["columns"]


def test_each_thing_left_out_has_its_file_and_line() -> None:
    found = imported(HERE / "refused_dbt")
    places = {each.what: each.place.seen_from(HERE / "refused_dbt") for each in found.left_out}
    assert places["metric by_metric"] == "metrics.yml, line 52"
    assert places["column gone of orders"] == "models.yml, line 14"


# ---- files ------------------------------------------------------------------------------------------------


UNFOLDING = "semantic_models: []\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
DAMAGED: dict[str, tuple[str, str | bytes, str]] = {
    "no YAML": ("a.yml", "semantic_models:\n  - name: [a\n  b: c\n", "line 3: this is not YAML"),
    "not UTF-8": ("a.yml", b"metrics:\n  - {name: a}\n\xff\xfe\n", "line 3: .*UTF-8"),
    "no JSON": ("a.json", '{"metrics": [\n  {"name": "a",}\n]}', "line 2: this is not JSON"),
    "a list": ("a.json", "[]", "line 1: expected a mapping"),
    "a model without a name": ("a.yml", "semantic_models:\n  - model: ref('a')\n", "line 2: .* needs name"),
    "a metric that is a text": ("a.yml", "metrics:\n  - revenue\n", "line 2: expected a mapping .*revenue"),
    "columns that are no list": (
        "a.yml",
        "models:\n  - name: a\n    semantic_model: true\n    columns: all\n",
        "line 4: columns must be a list",
    ),
    "a name that is a list": (
        "a.yml",
        "cubes:\n  - {name: [a], sql_table: a}\n",
        "line 2: name must be text",
    ),
    "a cube without a table": ("a.yml", "cubes:\n  - name: a\n", "line 2: the cube a needs sql_table or sql"),
    "a measure without SQL": (
        "a.yml",
        "cubes:\n  - {name: a, sql_table: a, measures: [{name: b, type: sum}]}\n",
        "measure b of a needs sql",
    ),
    "anchors without end": ("a.yml", UNFOLDING, "unfolds without end"),
    "nothing of a layer": ("a.yml", "models: [{name: a}]\n", "no semantic models of dbt and no cubes"),
    "an unknown table alone": (
        "a.yml",
        "semantic_models: [{name: a, model: ref('b')}]\n",
        "none of its models has its table.*no table b",
    ),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_a_damaged_file_is_told_in_one_sentence(tmp_path: Path, why: str) -> None:
    name, text, told = DAMAGED[why]
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ShopFileError, match=told) as caught:
        imported(file)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShopFileError, match="no such file or folder"):
        read_layer(tmp_path / "nowhere")


def test_two_layers_in_one_folder_are_asked_apart() -> None:
    with pytest.raises(ShopFileError, match="both dbt's semantic models and Cube's cubes"):
        read_layer(EXAMPLE)


def test_what_is_built_or_brought_from_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "models.yml").write_text((HERE / "newer" / "models.yml").read_text("utf-8"), encoding="utf-8")
    (tmp_path / "shop.yml").write_text("name: a\ndatabase: b\nviews: {}\nmetrics: {}\n", encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text("models:\n  tea:\n    +materialized: table\n", encoding="utf-8")
    for folder in ("target", "dbt_packages/other", ".git"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "broken.yml").write_text("metrics: [", encoding="utf-8")
    assert [model.name for model in read_layer(tmp_path).models] == [
        "orders",
        "order_lines",
        "customers",
        "stock",
    ]


def test_a_compiled_manifest_beside_the_files_tells_the_tables(tmp_path: Path) -> None:
    import duckdb

    data = tmp_path / "tea.duckdb"
    with duckdb.connect(str(data)) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.fct_orders (order_id INT, amount INT)")
        connection.execute("CREATE TABLE fct_orders (other INT)")
        connection.execute("INSERT INTO marts.fct_orders VALUES (1, 10), (2, 32)")
    project = tmp_path / "project"
    (project / "target").mkdir(parents=True)
    model = "name: orders, model: ref('orders'), measures: [{name: amount, agg: sum, create_metric: true}]"
    (project / "a.yml").write_text(f"semantic_models: [{{{model}}}]", encoding="utf-8")
    with pytest.raises(ShopFileError, match="no table orders"):
        imported(project, data)
    relation = {"alias": "fct_orders", "schema_name": "marts"}
    manifest = {"semantic_models": [{"name": "orders", "node_relation": relation}]}
    (project / "target" / "semantic_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    shop = imported(project, data).shop
    workspace = open_workspace(shop)
    compiled = compile_statement(parse("SELECT amount FROM orders"), shop, "duckdb", TODAY)
    assert workspace.run(compiled.sql).rows == ((42,),)
    workspace.close()


def test_an_alias_in_the_model_s_properties_is_its_table(tmp_path: Path) -> None:
    text = "models: [{name: sales, config: {alias: orders}}]\n"
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    dimension = "{name: status, type: categorical}"
    text = f"semantic_models: [{{name: sales, model: \"ref('sales')\", dimensions: [{dimension}]}}]"
    (tmp_path / "b.yml").write_text(text, encoding="utf-8")
    (view,) = imported(tmp_path).shop.views
    assert (view.name, view.sql) == ("sales", "SELECT status FROM orders")


# ---- what is taken ----------------------------------------------------------------------------------------


def test_words_of_the_authors_are_carried_over(opened: Callable[[str], Workspace]) -> None:
    shop = opened("dbt, measures").shop
    assert shop.is_drafted
    orders = shop.view("orders")
    assert orders is not None
    assert (orders.description, orders.key, orders.time) == (
        "One row per order.",
        ("order_id",),
        "ordered_at",
    )
    assert orders.refs == {"customer_id": "customers"}
    channel, ordered = orders.column("sales_channel"), orders.column("ordered_at")
    assert channel is not None and "Where it was sold" in channel.synonyms and channel.sampled
    assert ordered is not None and (ordered.type, ordered.description) == ("date", "when it was placed")
    revenue = next(metric for metric in shop.metrics if metric.name == "revenue")
    assert (revenue.description, revenue.synonyms) == ("What paid orders brought in.", ("Turnover",))


def test_columns_without_a_dimension_and_tables_without_a_model_stay_out() -> None:
    found = imported(EXAMPLE / "cube")
    customers = found.shop.view("customers")
    assert customers is not None and [c.name for c in customers.columns] == ["customer_id", "country"]
    assert found.shop.view("stock") is None
    told = [decision.text for decision in found.decisions]
    assert (
        "1 tables of the database that no model names stay out (stock); init without --from takes them all"
        in told
    )
    assert "orders.amount is taken from orders too, for a metric is worked out of it" in told


@pytest.mark.parametrize(
    ("expr", "inputs", "sql"),
    [
        ("revenue / NULLIF(buyers, 0)", "revenue buyers", "revenue / buyers"),
        ("revenue / NULLIF(buyers - 1, 0)", "revenue buyers", "revenue / (buyers - 1)"),
        ("COALESCE(revenue, 0) - 2 * (units + 1.5)", "revenue units", "revenue - 2 * (units + 1.5)"),
        ("CAST(revenue AS DOUBLE) / units * 100", "revenue units", "revenue / units * 100"),
        ("-revenue", "revenue", "-revenue"),
        ("COALESCE(level, 0)", "level", "puts 0 for what is empty"),
        ("revenue / buyers", "revenue", "names buyers, which is none of its inputs"),
        ("CAST(revenue AS INT)", "revenue", "holds CAST"),
        ("revenue > 3", "revenue", "holds revenue > 3"),
        ("1 + 1", "revenue", "names none of its inputs"),
        ("revenue +", "revenue", "cannot be read"),
    ],
)
def test_derived_metrics_are_made_of_others(tmp_path: Path, expr: str, inputs: str, sql: str) -> None:
    metrics = [{"name": name} for name in inputs.split()]
    measures = [
        {"name": "revenue", "agg": "sum", "expr": "amount", "create_metric": True},
        {"name": "units", "agg": "count", "expr": "1", "create_metric": True},
        {"name": "buyers", "agg": "count_distinct", "expr": "customer_id", "create_metric": True},
        {"name": "level", "agg": "max", "expr": "amount", "create_metric": True},
    ]
    document = {
        "semantic_models": [{"name": "orders", "model": "ref('orders')", "measures": measures}],
        "metrics": [{"name": "made", "type": "derived", "type_params": {"expr": expr, "metrics": metrics}}],
    }
    file = tmp_path / "a.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    found = imported(file)
    made = next((metric.sql for metric in found.shop.metrics if metric.name == "made"), None)
    assert made == sql if made is not None else sql in found.left_out[0].reason


@pytest.mark.parametrize(
    ("aggregation", "sql", "value"),
    [
        ("sum", "SUM(CASE WHEN status = 'paid' THEN amount END)", 112),
        ("average", "AVG(CASE WHEN status = 'paid' THEN amount END)", 22.4),
        ("median", "MEDIAN(CASE WHEN status = 'paid' THEN amount END)", 28),
        ("min", "MIN(CASE WHEN status = 'paid' THEN amount END)", 10),
        ("max", "MAX(CASE WHEN status = 'paid' THEN amount END)", 32),
        ("count", "COUNT(CASE WHEN status = 'paid' THEN amount END)", 5),
        ("count_distinct", "COUNT(DISTINCT CASE WHEN status = 'paid' THEN amount END)", 5),
        ("sum_boolean", "SUM(CASE WHEN status = 'paid' AND amount > 11 THEN 1 ELSE 0 END)", 4),
    ],
)
def test_each_aggregation_has_its_form(tmp_path: Path, aggregation: str, sql: str, value: float) -> None:
    expr = "amount > 11" if aggregation == "sum_boolean" else "amount"
    metric = {
        "name": "made",
        "agg": aggregation,
        "expr": expr,
        "filter": "{{ Dimension('order__status') }} = 'paid'",
    }
    model = {
        "name": "orders",
        "semantic_model": True,
        "primary_entity": "order",
        "columns": [{"name": "status", "dimension": "categorical"}],
        "metrics": [metric],
    }
    file = tmp_path / "a.yml"
    file.write_text(yaml.safe_dump({"models": [model]}), encoding="utf-8")
    shop = imported(file).shop
    assert [metric.sql for metric in shop.metrics] == [sql]
    workspace = open_workspace(shop)
    assert float(workspace.run(f"SELECT {sql} AS value FROM orders").rows[0][0]) == pytest.approx(value)  # type: ignore[arg-type]
    workspace.close()


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        (
            "{{ Dimension('status') }} = 'paid' OR {{ Dimension('order__amount') }} > 5",
            "status = 'paid' OR amount > 5",
        ),
        ("{{TimeDimension('metric_time','day')}} >= '2025-04-01'", "ordered_at >= '2025-04-01'"),
        ("{{ Dimension('order__ordered_at').grain('day') }} = '2025-04-01'", "ordered_at = '2025-04-01'"),
        ("{{ Entity('customer') }} IS NOT NULL", "NOT customer_id IS NULL"),
    ],
)
def test_filters_are_conditions_inside_the_metric(tmp_path: Path, text: str, sql: str) -> None:
    model = {
        "name": "orders",
        "model": "ref('orders')",
        "defaults": {"agg_time_dimension": "ordered_at"},
        "entities": [
            {"name": "order", "type": "primary", "expr": "order_id"},
            {"name": "customer", "type": "foreign", "expr": "customer_id"},
        ],
        "dimensions": [
            {"name": "status", "type": "categorical"},
            {"name": "amount", "type": "categorical"},
            {"name": "ordered_at", "type": "time"},
        ],
        "measures": [{"name": "rows", "agg": "count", "expr": "1"}],
    }
    metric = {"name": "made", "type": "simple", "type_params": {"measure": "rows"}, "filter": text}
    file = tmp_path / "a.yml"
    file.write_text(yaml.safe_dump({"semantic_models": [model], "metrics": [metric]}), encoding="utf-8")
    assert [metric.sql for metric in imported(file).shop.metrics] == [f"COUNT(CASE WHEN {sql} THEN 1 END)"]


# ---- the command ------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    from ui.cli import app

    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def test_init_from_a_layer_writes_a_shop_and_tells_what_is_left_out(tmp_path: Path) -> None:
    out = tmp_path / "shop.yml"
    arguments = ("init", str(DATA), "--from", str(EXAMPLE / "dbt"), "--out", str(out))
    code, told = run(*arguments)
    assert code == 0, told
    assert "Left out:" in told and "metric revenue_growth (models/metrics.yml, line 53): it compares" in told
    open_workspace(load_shop(out)).close()
    mine = out.read_text("utf-8").replace("sql: SUM(quantity)", "sql: SUM(quantity)  # pieces")
    out.write_text(mine, encoding="utf-8")
    code, told = run(*arguments)
    assert code == 0 and "Nothing to change" in told
    assert out.read_text("utf-8") == mine


def test_init_from_a_layer_tells_the_same_to_machines(tmp_path: Path) -> None:
    out = tmp_path / "shop.yml"
    code, told = run("init", str(DATA), "--from", str(EXAMPLE / "cube"), "--out", str(out), "--json")
    assert code == 0, told
    found = json.loads(told[told.index("{") :])
    (left,) = found["left_out"]
    assert (left["what"], left["line"]) == ("measure orders.revenue_so_far", 30)
    assert "value_per_buyer" in found["metrics"] and not found["questions"]


@pytest.mark.parametrize("more", [("--views",), ("--ask",), ("--answer", "sold=1")])
def test_init_from_a_layer_asks_nothing(tmp_path: Path, more: tuple[str, ...]) -> None:
    out = str(tmp_path / "shop.yml")
    code, told = run("init", str(DATA), "--from", str(EXAMPLE / "dbt"), "--out", out, *more)
    assert code == 2 and "--from takes what the files say" in told


def written(tmp_path: Path, document: dict[str, Any]) -> Path:
    file = tmp_path / "layer.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def test_rows_that_are_summed_as_ones_are_counted_once_in_each_group(tmp_path: Path) -> None:
    entities = [{"name": "order", "type": "primary", "expr": "order_id"}]
    measures = [{"name": "placed", "agg": "sum", "expr": "1", "create_metric": True}]
    lines = [{"name": "line", "type": "primary", "expr": "line_id"}, entities[0] | {"type": "foreign"}]
    product = [{"name": "product", "type": "categorical"}]
    models = [
        {"name": "orders", "model": "ref('orders')", "entities": entities, "measures": measures},
        {"name": "lines", "model": "ref('order_lines')", "entities": lines, "dimensions": product},
    ]
    shop = imported(written(tmp_path, {"semantic_models": models})).shop
    workspace = open_workspace(shop)
    compiled = compile_statement(
        parse("SELECT product, placed FROM orders GROUP BY product"), shop, "duckdb", TODAY
    )
    assert workspace.run(compiled.sql).rows == (("black tea", 2), ("green tea", 3), ("oolong", 2))
    workspace.close()


def test_a_label_that_yaml_takes_for_a_truth_value_stays_a_text(tmp_path: Path) -> None:
    text = """cubes:
  - name: orders
    sql_table: orders
    dimensions:
      - name: is_large
        type: string
        case: {when: [{sql: "{TABLE}.amount > 20", label: Yes}], else: {label: No}}
"""
    file = tmp_path / "a.yml"
    file.write_text(text, encoding="utf-8")
    (view,) = imported(file).shop.views
    assert view.sql == "SELECT CASE WHEN amount > 20 THEN 'Yes' ELSE 'No' END AS is_large FROM orders"


def test_a_hidden_metric_that_others_are_made_of_is_taken_and_told(tmp_path: Path) -> None:
    metrics = [
        {"name": "paid", "agg": "sum", "expr": "amount", "hidden": True},
        {"name": "unseen", "agg": "max", "expr": "amount", "hidden": True},
        {"name": "twice", "type": "derived", "expr": "paid * 2", "input_metrics": ["paid"]},
    ]
    found = imported(
        written(tmp_path, {"models": [{"name": "orders", "semantic_model": True, "metrics": metrics}]})
    )
    assert [metric.name for metric in found.shop.metrics] == ["paid", "twice"]
    assert [each.what for each in found.left_out] == ["metric unseen"]
    assert any(d.text.startswith("paid is hidden in dbt") for d in found.decisions)


def test_a_filter_on_a_figure_of_others_holds_for_each_of_them(tmp_path: Path) -> None:
    is_paid = "{{ Dimension('order__status') }} = 'paid'"
    model = {
        "name": "orders",
        "semantic_model": True,
        "columns": [
            {"name": "order_id", "entity": {"type": "primary", "name": "order"}},
            {"name": "status", "dimension": "categorical"},
            {"name": "channel", "dimension": "categorical"},
        ],
        "metrics": [
            {"name": "paid", "agg": "sum", "expr": "amount", "filter": is_paid},
            {"name": "placed", "agg": "count", "expr": "order_id"},
            {"name": "value", "type": "ratio", "numerator": "paid", "denominator": "placed"},
            {
                "name": "web_value",
                "type": "derived",
                "expr": "value",
                "input_metrics": [{"name": "value", "filter": "{{ Dimension('order__channel') }} = 'web'"}],
            },
        ],
    }  # fmt: skip
    shop = imported(written(tmp_path, {"models": [model]})).shop
    workspace = open_workspace(shop)
    compiled = compile_statement(parse("SELECT value, web_value FROM orders"), shop, "duckdb", TODAY)
    ((value, web),) = workspace.run(compiled.sql).rows
    # 112 of 6 orders; on the web 28 + 12 + 32 of the 4 orders 101, 103, 104 and 105
    assert (value, web) == (pytest.approx(112 / 6), pytest.approx(72 / 4))
    workspace.close()


def test_a_layer_opens_on_another_database_in_its_own_language(tmp_path: Path) -> None:
    import sqlite3

    data = tmp_path / "tea.sqlite"
    connection = sqlite3.connect(data)
    connection.execute("CREATE TABLE orders (order_id INTEGER, ordered_at TIMESTAMP, amount REAL)")
    rows = [(1, "2025-03-01 10:00:00", 5.0), (2, "2025-03-02 23:00:00", 7.0)]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    measures = [
        {"name": "amount", "agg": "sum", "create_metric": True},
        {"name": "typical", "agg": "median", "expr": "amount", "create_metric": True},
    ]
    model = {
        "name": "orders",
        "model": "ref('orders')",
        "defaults": {"agg_time_dimension": "ordered_at"},
        "dimensions": [{"name": "ordered_at", "type": "time"}],
        "measures": measures,
    }
    on_a_day = "{{ TimeDimension('metric_time', 'day') }} = '2025-03-02'"
    metric = {"name": "one_day", "type": "simple", "type_params": {"measure": "amount"}, "filter": on_a_day}
    found = imported(written(tmp_path, {"semantic_models": [model], "metrics": [metric]}), data)
    assert [each.what for each in found.left_out] == ["metric typical"], "SQLite has no median"
    workspace = open_workspace(found.shop)
    compiled = compile_statement(parse("SELECT amount, one_day FROM orders"), found.shop, "sqlite", TODAY)
    assert workspace.run(compiled.sql).rows == ((12.0, 7.0),)
    workspace.close()


POSTGRES_TYPES = {
    **dict.fromkeys(("customer_id", "order_id", "line_id", "quantity", "on_hand"), "int"),
    **dict.fromkeys(("joined_on", "ordered_at", "shipped_on", "counted_on"), "date"),
    **dict.fromkeys(("amount", "unit_price"), "numeric"),
}


@pytest.mark.slow
def test_the_example_has_the_same_numbers_in_postgres(
    postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import csv

    server = postgres_server.create_database("tea")
    script = ["CREATE SCHEMA marts"]
    for file in sorted(DATA.glob("*.csv")):
        head, *rows = csv.reader(file.read_text("utf-8").splitlines())
        columns = ", ".join(f"{name} {POSTGRES_TYPES.get(name, 'text')}" for name in head)
        script.append(f"CREATE TABLE marts.{file.stem} ({columns})")
        for row in rows:
            values = ", ".join(f"'{value}'" if value else "NULL" for value in row)
            script.append(f"INSERT INTO marts.{file.stem} VALUES ({values})")
    script.append(
        "GRANT USAGE ON SCHEMA marts TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA marts TO PUBLIC"
    )
    server.execute("; ".join(script))
    monkeypatch.setenv("PGPASSWORD", server.reader_password)
    shop = imported(HERE / "semantic_manifest.json", server.reader_url).shop
    workspace = open_workspace(shop)
    for case in (*CASES["both"], *CASES["dbt"]):
        compiled = compile_statement(parse(case["statement"]), shop, "postgres", TODAY, workspace.role)
        rows = [[plain(value) for value in row] for row in workspace.run(compiled.sql).rows]
        assert rows == [
            [pytest.approx(v) if isinstance(v, float) else v for v in row] for row in case["rows"]
        ]
    workspace.close()
