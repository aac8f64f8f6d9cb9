#!/usr/bin/env bash
# dbt-metricflow 0.15.0 (dbt-core 1.11.16, dbt-duckdb 1.11.1): a measure with a non_additive_dimension and window_choice
# max is a level, taken on its last day. Grouped by warehouse, the last day is that of all rows: a warehouse without a
# row on it is not there. Filtered to that warehouse the last day is looked for behind the filter, so it has a level
# again: an older one, added to nothing and marked as nothing. The parts that filters give add up to more than the whole.
# Seen: 10 in the north on 1 May, 5 in the south on 2 May. As a whole 5; by warehouse south 5 and no north; filtered to
# the north 10. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DBT_SEND_ANONYMOUS_USAGE_STATS=false DO_NOT_TRACK=1 DBT_PROFILES_DIR="$folder/shop" PYTHONIOENCODING=utf-8
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dbt-core==1.11.16 dbt-duckdb==1.11.1 dbt-metricflow==0.15.0
mkdir -p "$folder/shop/models"
cd "$folder/shop"
cat > dbt_project.yml <<'YAML'
name: shop
version: "1.0"
config-version: 2
profile: shop
YAML
cat > profiles.yml <<YAML
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "$folder/shop/shop.duckdb"}
YAML
cat > models/stock.sql <<'SQL'
select * from (values (1, date '2026-05-01', 'north', 10), (2, date '2026-05-02', 'south', 5)) as t(stock_id, day, warehouse, pieces)
SQL
cat > models/days.sql <<'SQL'
select cast(range as date) as day from range(date '2026-04-01', date '2026-06-01', interval 1 day)
SQL
cat > models/models.yml <<'YAML'
models:
  - name: days
    time_spine: {standard_granularity_column: day}
    columns: [{name: day, granularity: day}]
semantic_models:
  - name: stock
    model: ref('stock')
    defaults: {agg_time_dimension: counted_on}
    entities: [{name: stock, type: primary, expr: stock_id}]
    dimensions:
      - {name: counted_on, type: time, expr: day, type_params: {time_granularity: day}}
      - {name: warehouse, type: categorical}
    measures:
      - {name: pieces, agg: sum, non_additive_dimension: {name: counted_on, window_choice: max}}
metrics:
  - {name: level, label: Level, type: simple, type_params: {measure: pieces}}
YAML
"$folder/venv/bin/dbt" --quiet build
ask() { "$folder/venv/bin/mf" query --metrics level --csv "$folder/out.csv" "$@" > /dev/null; tr -d '\r' < "$folder/out.csv"; }
whole=$(ask | tail -n +2)
grouped=$(ask --group-by stock__warehouse | tail -n +2)
north=$(ask --where "{{ Dimension('stock__warehouse') }} = 'north'" | tail -n +2)
echo "whole: $whole; by warehouse: $grouped; north alone: $north"
[ "$whole" = 5 ] && [ "$grouped" = "south,5" ] && [ "$north" = 10 ]
