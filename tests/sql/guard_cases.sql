-- Statements and what the guard says to them, one per line, over the shop of small_shop.py.
-- To add one, write STATEMENT, then a space, two hyphens, a colon, a space, then VERDICT DIALECTS ROLE: WORDS OF THE REASON
--   VERDICT   allow, or the error: UnsafeQuery, UnknownName, NotAllowed (allowed ones are also run)
--   DIALECTS  duckdb, sqlite, postgres, mysql: names with commas between; both is duckdb,sqlite; all is all four
--   ROLE      owner (sees all), analyst (customers.name and email masked), china (two views, rows of China)
-- In a statement, \n stands for a line break and {n*x} for x written n times.

-- ---- honest questions ----
SELECT SUM(amount) AS revenue FROM sales --: allow both analyst
SELECT COUNT(*) FROM orders --: allow both analyst
SELECT COUNT(DISTINCT order_id) FROM sales --: allow both analyst
SELECT product, SUM(quantity) AS units FROM sales GROUP BY product ORDER BY units DESC LIMIT 5 --: allow both analyst
SELECT country, AVG(amount) FROM sales GROUP BY 1 HAVING COUNT(*) > 1 ORDER BY 2 DESC --: allow both analyst
SELECT s.country, c.customer_id FROM sales AS s JOIN orders AS o ON o.order_id = s.order_id JOIN customers AS c USING (customer_id) --: allow both analyst
SELECT * FROM customers --: allow both analyst
SELECT c.*, o.status FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.customer_id --: allow both analyst
SELECT o.order_id FROM orders AS o WHERE EXISTS (SELECT 1 FROM sales AS s WHERE s.order_id = o.order_id) --: allow both analyst
SELECT order_id FROM orders WHERE order_id NOT IN (SELECT order_id FROM sales) --: allow both analyst
SELECT product FROM sales WHERE amount > (SELECT AVG(amount) FROM sales) --: allow both analyst
SELECT o.order_id, (SELECT SUM(s.amount) FROM sales AS s WHERE s.order_id = o.order_id) AS total FROM orders AS o --: allow both analyst
WITH t AS (SELECT country, SUM(amount) AS a FROM sales GROUP BY country) SELECT country FROM t WHERE a > 10 --: allow both analyst
WITH a AS (SELECT * FROM sales), b AS (SELECT country, COUNT(*) AS n FROM a GROUP BY country) SELECT * FROM b ORDER BY n --: allow both analyst
WITH orders AS (SELECT * FROM orders WHERE status = 'delivered') SELECT COUNT(*) FROM orders --: allow both analyst
WITH secrets AS (SELECT 1 AS password) SELECT password FROM secrets --: allow both analyst
SELECT country FROM sales UNION SELECT country FROM customers --: allow both analyst
SELECT country FROM sales INTERSECT SELECT country FROM customers ORDER BY country --: allow both analyst
SELECT country FROM customers EXCEPT SELECT country FROM sales --: allow both analyst
SELECT product, ROW_NUMBER() OVER (PARTITION BY country ORDER BY amount DESC) AS place FROM sales --: allow both analyst
SELECT product, SUM(amount) OVER (ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS running FROM sales --: allow both analyst
SELECT a.product, b.product AS other FROM sales AS a JOIN sales AS b ON a.order_id = b.order_id AND a.product < b.product --: allow both analyst
SELECT CASE WHEN amount > 20 THEN 'big' ELSE 'small' END AS size, COUNT(*) FROM sales GROUP BY size --: allow both analyst
SELECT COALESCE(country, 'none') FROM customers WHERE country IS NULL OR country LIKE 'G%' --: allow both analyst
SELECT ROUND(100.0 * SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END) / COUNT(*), 1) AS share FROM orders --: allow both analyst
SELECT "born in" FROM customers WHERE "born in" BETWEEN 1970 AND 1985 --: allow both analyst
SELECT COUNT(*) FROM SALES AS S WHERE S.COUNTRY = 'China' --: allow both analyst
SELECT COUNT(*) FROM sales WHERE ordered_at >= '2025-02-01' AND ordered_at < '2025-03-01' --: allow both analyst
SELECT MAX(ordered_at) AS latest FROM sales; --: allow both analyst
SELECT 'delete from orders; drop table orders' AS text FROM sales --: allow both analyst
SELECT DISTINCT product FROM sales ORDER BY product DESC LIMIT 2 OFFSET 1 --: allow both analyst
SELECT 1 AS one --: allow both analyst
SELECT t.n FROM (SELECT COUNT(*) AS n FROM sales) AS t --: allow both analyst
SELECT product FROM sales CROSS JOIN (SELECT 1 AS one) AS t --: allow both analyst
SELECT customer_id FROM customers NATURAL JOIN orders --: allow both analyst
SELECT product AS p, amount AS a FROM sales WHERE p = 'Lamp' --: allow both analyst
SELECT "product" FROM "sales" --: allow both analyst
SELECT country, COUNT(*) FILTER (WHERE amount > 10) AS n FROM sales GROUP BY country --: allow both analyst
SELECT NULLIF(amount, 0), ABS(amount), LOWER(product), UPPER(product), LENGTH(product), TRIM(product) FROM sales --: allow both analyst
SELECT name FROM customers WHERE country = '中国' --: allow both owner
SELECT country FROM sales -- only the country --: allow both analyst
SELECT /* which ones? */ country FROM sales --: allow both analyst
SELECT product FROM sales LIMIT 999999 --: allow both analyst
SELECT SUM(amount) FROM sales WHERE product IN ('Lamp', 'Mug') --: allow both china
SELECT customer_id, country FROM customers --: allow both china
SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) FROM sales GROUP BY ALL ORDER BY ALL --: allow duckdb analyst
FROM sales SELECT country, SUM(amount) AS a GROUP BY country ORDER BY a --: allow duckdb analyst
FROM sales --: allow duckdb analyst
SELECT amount * 2 AS twice, twice + 1 AS more FROM sales WHERE twice > 10 --: allow duckdb analyst
SELECT * EXCLUDE (order_id) FROM sales --: allow duckdb analyst
SELECT * REPLACE (amount / 2 AS amount) FROM sales --: allow duckdb analyst
SELECT product FROM sales QUALIFY ROW_NUMBER() OVER (PARTITION BY country ORDER BY amount) = 1 --: allow duckdb analyst
SELECT ordered_at::DATE AS day, EXTRACT(year FROM ordered_at), YEAR(ordered_at), MONTH(ordered_at) FROM sales --: allow duckdb analyst
SELECT ordered_at + INTERVAL 1 MONTH, ordered_at - INTERVAL '7 days', DATE_DIFF('day', ordered_at, CURRENT_DATE) FROM sales --: allow duckdb analyst
SELECT STRFTIME(ordered_at, '%Y-%m'), DAYNAME(ordered_at) FROM sales --: allow duckdb analyst
SELECT MEDIAN(amount), QUANTILE_CONT(amount, 0.9), STDDEV(amount), ARG_MAX(product, amount), STRING_AGG(product, ', ') FROM sales --: allow duckdb analyst
SELECT country FROM sales WHERE country ILIKE 'ch%' AND REGEXP_MATCHES(product, '^L') --: allow duckdb analyst
SELECT country, product, SUM(amount) FROM sales GROUP BY ROLLUP (country, product) --: allow duckdb analyst
SELECT country FROM sales UNION ALL BY NAME SELECT country FROM customers --: allow duckdb analyst
SELECT product FROM sales ORDER BY amount DESC NULLS LAST FETCH FIRST 2 ROWS ONLY --: allow duckdb analyst
SELECT TRY_CAST(product AS INTEGER) FROM sales --: allow duckdb analyst
SELECT DISTINCT ON (country) country, product FROM sales ORDER BY country, amount DESC --: allow duckdb analyst
SELECT product FROM sales SEMI JOIN orders USING (order_id) --: allow duckdb analyst
SELECT STRFTIME('%Y-%m', ordered_at) AS month, SUM(amount) FROM sales GROUP BY month --: allow sqlite analyst
SELECT DATE(ordered_at, 'start of month'), JULIANDAY('now') - JULIANDAY(ordered_at) FROM sales --: allow sqlite analyst
SELECT product FROM sales WHERE country = "China" --: allow sqlite analyst
SELECT product FROM sales WHERE country IN ("China", "Germany") AND product LIKE "L%" --: allow sqlite analyst
SELECT `product` FROM `sales` WHERE [country] = 'China' --: allow sqlite analyst
SELECT IFNULL(country, '') || '!' FROM customers --: allow sqlite analyst
SELECT GROUP_CONCAT(product, ', ') FROM sales GROUP BY country --: allow sqlite analyst
SELECT product FROM sales WHERE country = 'china' COLLATE NOCASE --: allow sqlite analyst
SELECT CAST(amount AS INTEGER) FROM sales LIMIT 1, 2 --: allow sqlite analyst

-- ---- names that are not there ----
SELECT amuont FROM sales --: UnknownName both analyst: near: amount
SELECT revenue FROM sales --: UnknownName both analyst: there is no column revenue in sales
SELECT s.revenue FROM sales AS s --: UnknownName both analyst: there is no column revenue
SELECT x.amount FROM sales AS s --: UnknownName both analyst: there is no table or alias x
SELECT status FROM sales --: UnknownName both analyst: it is in orders
SELECT * FROM sale --: UnknownName both analyst: near: sales
SELECT * FROM order_lines --: UnknownName both analyst: there is no view order_lines
SELECT * FROM secrets --: UnknownName both owner: there is no view secrets
SELECT COUNT(*) FROM secrets --: UnknownName both owner: there is no view secrets
SELECT 1 FROM sales WHERE EXISTS (SELECT password FROM secrets) --: UnknownName both owner: there is no view secrets
WITH t AS (SELECT * FROM secrets) SELECT 1 --: UnknownName both owner: there is no view secrets
SELECT country FROM sales UNION SELECT password FROM secrets --: UnknownName both owner: there is no view secrets
WITH sales AS (SELECT * FROM secrets) SELECT * FROM sales --: UnknownName both owner: there is no view secrets
SELECT * FROM (WITH secrets AS (SELECT 1 AS password) SELECT password FROM secrets) AS a, secrets --: UnknownName both owner: there is no view secrets
WITH a AS (SELECT * FROM secrets), secrets AS (SELECT 1 AS password) SELECT * FROM a --: UnknownName both owner: there is no view secrets
SELECT rowid FROM sales --: UnknownName both analyst: there is no column rowid
SELECT rowid FROM customers --: UnknownName both analyst: there is no column rowid
SELECT "Revenue" FROM sales --: UnknownName both analyst: there is no column Revenue
SELECT product FROM sales WHERE "contry" = 'China' --: UnknownName sqlite analyst: near: country
SELECT product FROM sales ORDER BY "amonut" --: UnknownName sqlite analyst: near: amount
SELECT customer_id FROM customers AS a JOIN orders AS b ON a.customer_id = b.customer_id --: UnknownName both analyst: customer_id
SELECT SUMM(amount) FROM sales --: UnknownName both analyst: near: SUM
SELECT * FROM sqlite_master --: UnknownName both owner: there is no view sqlite_master
SELECT * FROM duckdb_tables --: UnknownName both owner: there is no view duckdb_tables
SELECT * FROM 'secrets.csv' --: UnknownName duckdb owner: there is no view secrets.csv
SELECT * FROM "/etc/passwd" --: UnknownName both owner: there is no view

-- ---- what the role may not see ----
SELECT email FROM customers --: NotAllowed both analyst: customers.email is hidden from the role analyst
SELECT c.email FROM customers AS c --: NotAllowed both analyst: customers.email is hidden
SELECT COUNT(email) FROM customers --: NotAllowed both analyst: customers.email is hidden
SELECT customer_id FROM customers WHERE email LIKE 'a%' --: NotAllowed both analyst: customers.email is hidden
SELECT customer_id FROM customers ORDER BY "Name" --: NotAllowed both analyst: customers.Name is hidden
SELECT customer_id FROM customers ORDER BY NAME --: NotAllowed both analyst: is hidden
SELECT country FROM customers GROUP BY country HAVING MAX(name) > 'B' --: NotAllowed both analyst: customers.name is hidden
SELECT country FROM sales GROUP BY country HAVING MAX("amonut") > 1 --: UnknownName both analyst: near: amount
SELECT country FROM sales GROUP BY "contry" --: UnknownName both analyst: near: country
SELECT country FROM sales UNION SELECT country FROM customers ORDER BY "contry" --: UnknownName both analyst: near: country
SELECT country, SUM(amount) AS a FROM sales GROUP BY country HAVING a > 5 ORDER BY a --: allow both analyst
SELECT a.customer_id FROM customers AS a JOIN customers AS b ON a.email = b.email --: NotAllowed both analyst: customers.email is hidden
SELECT a.customer_id FROM customers AS a JOIN customers AS b USING (email) --: NotAllowed both analyst: customers.email is hidden
WITH t AS (SELECT email AS x FROM customers) SELECT x FROM t --: NotAllowed both analyst: customers.email is hidden
WITH t AS (SELECT * FROM customers) SELECT email FROM t --: NotAllowed both analyst: customers.email is hidden
SELECT (SELECT MAX(email) FROM customers) AS m FROM sales --: NotAllowed both analyst: customers.email is hidden
SELECT o.order_id FROM orders AS o WHERE EXISTS (SELECT 1 FROM customers AS c WHERE c.email > 'a' AND c.customer_id = o.customer_id) --: NotAllowed both analyst: customers.email is hidden
SELECT COUNT(*) FILTER (WHERE email IS NULL) FROM customers --: NotAllowed both analyst: customers.email is hidden
SELECT ROW_NUMBER() OVER (ORDER BY email) FROM customers --: NotAllowed both analyst: customers.email is hidden
SELECT * EXCLUDE (email) FROM customers --: allow duckdb analyst
SELECT * REPLACE (UPPER(email) AS country) FROM customers --: NotAllowed duckdb analyst: customers.email is hidden
SELECT status FROM orders --: NotAllowed both china: the view orders is not open to the role china
SELECT country FROM sales --: NotAllowed both china: sales.country is hidden from the role china
SELECT product FROM sales WHERE country = 'Germany' --: NotAllowed both china: sales.country is hidden
WITH orders AS (SELECT * FROM orders) SELECT * FROM orders --: NotAllowed both china: the view orders is not open

-- ---- not one query ----
INSERT INTO orders VALUES (1, 1, NULL, NULL) --: UnsafeQuery both owner: found INSERT
UPDATE orders SET status = 'x' --: UnsafeQuery both owner: found UPDATE
DELETE FROM orders --: UnsafeQuery both owner: found DELETE
DROP TABLE orders --: UnsafeQuery both owner: found DROP
CREATE TABLE x AS SELECT * FROM orders --: UnsafeQuery both owner: found CREATE
ALTER TABLE orders ADD COLUMN x INTEGER --: UnsafeQuery both owner: found ALTER
TRUNCATE TABLE orders --: UnsafeQuery both owner: found
MERGE INTO orders USING sales ON 1 = 1 WHEN MATCHED THEN DELETE --: UnsafeQuery duckdb owner: found MERGE
SELECT 1; SELECT 2 --: UnsafeQuery both owner: expected one statement, found 2
SELECT 1; DROP TABLE orders --: UnsafeQuery both owner: expected one statement, found 2
SELECT 1 FROM sales; -- x\nDELETE FROM orders --: UnsafeQuery both owner: expected one statement, found 2
SELECT country FROM sales; -- done --: allow both owner
WITH t AS (DELETE FROM orders RETURNING *) SELECT * FROM t --: UnsafeQuery both owner
WITH t AS (INSERT INTO orders VALUES (1, 1, NULL, NULL) RETURNING *) SELECT * FROM t --: UnsafeQuery both owner
SELECT * INTO copy FROM orders --: UnsafeQuery both owner: INTO
SELECT * FROM orders FOR UPDATE --: UnsafeQuery duckdb owner: FOR UPDATE
EXPLAIN SELECT 1 --: UnsafeQuery both owner: found
EXPLAIN ANALYZE DELETE FROM orders --: UnsafeQuery both owner: found
PRAGMA table_info('orders') --: UnsafeQuery both owner: found PRAGMA
ATTACH 'other.db' AS other --: UnsafeQuery both owner: found ATTACH
DETACH other --: UnsafeQuery both owner: found DETACH
COPY orders TO 'x.csv' --: UnsafeQuery duckdb owner: found COPY
EXPORT DATABASE 'x' --: UnsafeQuery duckdb owner
INSTALL httpfs --: UnsafeQuery duckdb owner
LOAD httpfs --: UnsafeQuery duckdb owner
SET memory_limit = '1TB' --: UnsafeQuery duckdb owner: found SET
RESET memory_limit --: UnsafeQuery duckdb owner
CALL pragma_version() --: UnsafeQuery duckdb owner
USE main --: UnsafeQuery duckdb owner
SHOW TABLES --: UnsafeQuery duckdb owner: found SHOW
DESCRIBE sales --: UnsafeQuery duckdb owner: found DESCRIBE
SUMMARIZE sales --: UnsafeQuery duckdb owner: found SUMMARIZE
PREPARE x AS SELECT 1 --: UnsafeQuery duckdb owner
EXECUTE x --: UnsafeQuery duckdb owner
BEGIN TRANSACTION --: UnsafeQuery both owner
COMMIT --: UnsafeQuery both owner
VACUUM --: UnsafeQuery both owner
REINDEX orders --: UnsafeQuery sqlite owner
CREATE MACRO f() AS 1 --: UnsafeQuery duckdb owner: found CREATE
VALUES (1) --: UnsafeQuery both owner: found VALUES
PIVOT sales ON country USING SUM(amount) --: UnsafeQuery duckdb owner
UNPIVOT sales ON amount INTO NAME n VALUE v --: UnsafeQuery duckdb owner
hello --: UnsafeQuery both owner
How many orders? --: UnsafeQuery both owner
SELECT --: UnsafeQuery both owner
SELECT FROM sales WHERE --: UnsafeQuery both owner
SELECT (1 FROM sales --: UnsafeQuery both owner
 --: UnsafeQuery both owner
; --: UnsafeQuery both owner
-- just words --: UnsafeQuery both owner

-- ---- functions and table functions ----
SELECT * FROM READ_CSV('/etc/passwd') --: UnsafeQuery duckdb owner
SELECT * FROM read_parquet('x.parquet') --: UnsafeQuery duckdb owner
SELECT * FROM read_text('/etc/passwd') --: UnsafeQuery duckdb owner
SELECT * FROM glob('/etc/*') --: UnsafeQuery duckdb owner
SELECT * FROM duckdb_settings() --: UnsafeQuery duckdb owner
SELECT * FROM query('DROP TABLE orders') --: UnsafeQuery duckdb owner
SELECT * FROM query_table('secrets') --: UnsafeQuery duckdb owner
SELECT * FROM range(1000000000000) --: UnsafeQuery duckdb owner
SELECT * FROM generate_series(1, 1000000000000) --: UnsafeQuery both owner
SELECT UNNEST([1, 2]) --: allow duckdb owner
SELECT * FROM sales, UNNEST([1, 2]) AS t(x) --: allow duckdb owner
SELECT * FROM sales, LATERAL (SELECT 1 AS x) AS t --: allow duckdb owner
SELECT current_setting('home_directory') --: UnknownName duckdb owner: not an allowed function
SELECT getenv('HOME') --: UnknownName duckdb owner: not an allowed function
SELECT getvariable('x') --: UnknownName duckdb owner: not an allowed function
SELECT current_user --: UnknownName duckdb owner: not an allowed function
SELECT version() --: UnknownName duckdb owner: VERSION is not an allowed function
SELECT sleep_ms(100000) --: UnknownName duckdb owner: not an allowed function
SELECT REPEAT('x', 1000000000) --: UnknownName both owner: not an allowed function
SELECT nextval('s') --: UnknownName duckdb owner: not an allowed function
SELECT write_log('x') --: UnknownName duckdb owner: not an allowed function
SELECT load_extension('x') --: UnknownName sqlite owner: not an allowed function
SELECT randomblob(1000000000) --: UnknownName sqlite owner: not an allowed function
SELECT zeroblob(1000000000) --: UnknownName sqlite owner: not an allowed function
SELECT readfile('/etc/passwd') --: UnknownName sqlite owner: not an allowed function
SELECT sqlite_version() --: UnknownName sqlite owner
SELECT fts3_tokenizer('x') --: UnknownName sqlite owner: not an allowed function
SELECT "read_text"('/etc/passwd') --: UnknownName duckdb owner
SELECT "SUMM"(amount) FROM sales --: UnknownName both owner
SELECT main.SUM(amount) FROM sales --: UnsafeQuery duckdb owner
SELECT LIST_TRANSFORM([1, 2], x -> x + 1) --: UnknownName duckdb owner
SELECT [x FOR x IN [1, 2]] --: UnsafeQuery duckdb owner
SELECT COLUMNS(*) FROM sales --: UnsafeQuery duckdb owner: COLUMNS
SELECT COLUMNS('e.*') FROM customers --: UnsafeQuery duckdb owner
SELECT MAX(*) FROM sales --: UnsafeQuery both owner
SELECT COUNT(s.*) FROM sales AS s --: UnsafeQuery duckdb owner
SELECT {'a': 1} --: UnsafeQuery duckdb owner
SELECT sales FROM sales --: UnsafeQuery duckdb owner
SELECT s FROM sales AS s --: UnsafeQuery duckdb owner
SELECT TO_JSON(c) FROM customers AS c --: UnknownName duckdb owner
SELECT c.email.x FROM customers AS c --: UnsafeQuery duckdb owner
SELECT #1 FROM sales --: UnsafeQuery duckdb owner
SELECT CAST('secrets' AS REGCLASS) --: UnsafeQuery duckdb owner
SELECT amount::STRUCT(a INTEGER) FROM sales --: UnsafeQuery duckdb owner

-- ---- parts of a query that are not supported ----
SELECT * FROM main.secrets --: UnsafeQuery both owner: schemas
SELECT * FROM main.customers --: UnsafeQuery both owner: schemas
SELECT * FROM information_schema.tables --: UnsafeQuery both owner: schemas
SELECT * FROM small.main.secrets --: UnsafeQuery duckdb owner: schemas
SELECT main.customers.email FROM customers --: UnsafeQuery both owner
SELECT * FROM sales WHERE order_id = ? --: UnsafeQuery both owner: parameters
SELECT * FROM sales WHERE order_id = $1 --: UnsafeQuery duckdb owner: parameters
SELECT * FROM sales WHERE order_id = :id --: UnsafeQuery both owner: parameters
SELECT @@version --: UnsafeQuery sqlite owner
SELECT * FROM sales USING SAMPLE 10% --: UnsafeQuery duckdb owner
SELECT * FROM sales TABLESAMPLE 10% --: UnsafeQuery duckdb owner
SELECT * FROM sales PIVOT (SUM(amount) FOR country IN ('China')) --: UnsafeQuery duckdb owner
SELECT * FROM sales ASOF JOIN orders ON sales.ordered_at >= orders.ordered_at --: UnsafeQuery duckdb owner
SELECT * FROM sales POSITIONAL JOIN orders --: UnsafeQuery duckdb owner
SELECT product FROM sales LIMIT 10 PERCENT --: UnsafeQuery duckdb owner: whole number
SELECT product FROM sales LIMIT (SELECT MAX(order_id) FROM sales) --: UnsafeQuery both owner: whole number
SELECT product FROM sales LIMIT -1 --: UnsafeQuery both owner: whole number
SELECT * FROM customers AT (VERSION => 1) --: UnsafeQuery duckdb owner
WITH sqlite_master AS (SELECT 1 AS x) SELECT x FROM sqlite_master --: UnsafeQuery both owner: the database's own
SELECT product FROM sales INDEXED BY x --: UnsafeQuery sqlite owner

-- ---- sizes ----
SELECT '{10001*x}' --: UnsafeQuery both owner: too long
SELECT 1{20000* } --: UnsafeQuery both owner: characters
SELECT {80*(}1{80*)} --: UnsafeQuery both owner: nested
SELECT {1500*NOT }1 --: UnsafeQuery both owner
SELECT {5000*- }1 --: UnsafeQuery both owner
SELECT 1{4000*+1} --: UnsafeQuery both owner: words
SELECT 1 FROM sales{30* JOIN sales} --: UnsafeQuery both owner: joins
SELECT 1 FROM sales{30* CROSS JOIN sales} --: UnsafeQuery both owner: joins
SELECT 1 FROM sales{30* JOIN (SELECT DISTINCT ON (a) 1} --: UnsafeQuery both owner: joins
SELECT {200*CASE WHEN 1 = 1 THEN }1{200* END} --: UnsafeQuery both owner: nested
SELECT * FROM {200*(SELECT * FROM }sales{200*)} --: UnsafeQuery both owner: nested
SELECT amount + amount AS a0, a0 + a0 + a0 + a0 AS a1, a1 + a1 + a1 + a1 AS a2, a2 + a2 + a2 + a2 AS a3, a3 + a3 + a3 + a3 AS a4, a4 + a4 + a4 + a4 AS a5 FROM sales WHERE amount < 0 --: allow duckdb owner
SELECT * FROM (SELECT * FROM (SELECT * FROM (SELECT *, *, *, *, *, * FROM sales AS a, sales AS b, sales AS c) AS x, sales AS d) AS y, sales AS e, sales AS f) AS z, sales AS g, sales AS h --: UnsafeQuery both owner: too many columns
SELECT (SELECT x.amount) FROM sales AS s --: UnknownName both owner: no table or alias x
SELECT a.product FROM sales AS a JOIN (SELECT a.order_id FROM sales AS b) AS c ON 1 = 1 --: UnknownName both owner: could not be resolved
SELECT {9*REPLACE(}product{9*, 'a', 'aaaaaaaaaa')} FROM sales --: UnsafeQuery both owner: too long
SELECT {8*REGEXP_REPLACE(}product{8*, '.', 'aaaaaaaaaa', 'g')} FROM sales --: UnsafeQuery duckdb owner: too long
WITH a AS (SELECT product||product||product||product||product||product||product||product AS x FROM sales), b AS (SELECT x||x||x||x||x||x||x||x AS y FROM a), c AS (SELECT y||y||y||y||y||y||y||y||y AS z FROM b), d AS (SELECT z||z||z||z||z||z||z||z AS w FROM c), e AS (SELECT w||w||w||w AS v FROM d) SELECT v FROM e --: UnsafeQuery both owner: too long
SELECT REPLACE(REPLACE(REPLACE(product, 'a', 'A'), ' ', '_'), '-', ' to ') || ' (' || country || ')' FROM sales --: allow both owner

-- ---- recursion ----
WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 5) SELECT x FROM t --: allow all analyst
WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t WHERE x < 5) SELECT * FROM t --: allow all analyst
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT t.n + 1 FROM t WHERE t.n < 12), m AS (SELECT quantity, COUNT(*) AS lines FROM sales GROUP BY quantity) SELECT t.n, COALESCE(m.lines, 0) AS lines FROM t LEFT JOIN m ON m.quantity = t.n ORDER BY t.n --: allow all analyst
WITH RECURSIVE sales AS (SELECT 1 AS order_id UNION ALL SELECT order_id + 1 FROM sales WHERE order_id < 5) SELECT COUNT(*) FROM sales --: allow all analyst
WITH RECURSIVE t AS (SELECT order_id, 1 AS depth FROM orders UNION ALL SELECT o.order_id, t.depth + 1 FROM orders AS o JOIN t ON o.order_id = t.order_id + 1) SELECT MAX(depth) FROM t --: allow all owner
WITH RECURSIVE t AS (SELECT CAST('2025-01-01' AS DATE) AS d UNION ALL SELECT CAST(d + INTERVAL 1 DAY AS DATE) FROM t WHERE d < CAST('2025-01-10' AS DATE)) SELECT COUNT(*) FROM t --: allow duckdb analyst
WITH RECURSIVE t AS (SELECT CAST('2025-01-01' AS DATE) AS d UNION ALL SELECT CAST(d + INTERVAL '1 day' AS DATE) FROM t WHERE d < CAST('2025-01-10' AS DATE)) SELECT COUNT(*) FROM t --: allow postgres analyst
WITH RECURSIVE t AS (SELECT CAST('2025-01-01' AS DATE) AS d UNION ALL SELECT d + INTERVAL 1 DAY FROM t WHERE d < CAST('2025-01-10' AS DATE)) SELECT COUNT(*) FROM t --: allow mysql analyst
WITH RECURSIVE t AS (SELECT DATE('2025-01-01') AS d UNION ALL SELECT DATE(d, '+1 day') FROM t WHERE d < '2025-01-10') SELECT COUNT(*) FROM t --: allow sqlite analyst
WITH RECURSIVE t AS (SELECT CAST('a' AS VARCHAR(100)) AS x, 1 AS n UNION ALL SELECT x || 'b', n + 1 FROM t WHERE n < 5) SELECT x FROM t --: allow duckdb,sqlite analyst
WITH RECURSIVE t AS (SELECT 'a' AS x, 1 AS n UNION ALL SELECT CONCAT(x, x), n + 1 FROM t WHERE n < 40) SELECT x FROM t --: UnsafeQuery duckdb,postgres,mysql analyst: doubles
WITH RECURSIVE t AS (SELECT 'a' AS x UNION ALL SELECT x || x FROM t) SELECT LENGTH(x) FROM t --: UnsafeQuery duckdb,sqlite,postgres analyst: doubles
WITH RECURSIVE t AS (SELECT 'a' AS x, 'b' AS y UNION ALL SELECT t.x || t.y, t.x FROM t) SELECT x FROM t --: UnsafeQuery duckdb,sqlite,postgres analyst: doubles
WITH RECURSIVE t AS (SELECT 'a' AS x UNION ALL SELECT REPLACE(x, 'a', 'aa') FROM t) SELECT x FROM t --: UnsafeQuery all analyst: doubles
WITH RECURSIVE t AS (SELECT password AS x FROM secrets UNION ALL SELECT x FROM t) SELECT x FROM t --: UnknownName all owner: there is no view secrets
WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT y + 1 FROM t) SELECT x FROM t --: UnknownName all owner: no column y
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a --: UnknownName all owner: there is no view b
WITH RECURSIVE t AS (SELECT email AS x FROM customers UNION ALL SELECT x FROM t) SELECT x FROM t --: NotAllowed all analyst: customers.email is hidden
WITH RECURSIVE secrets AS (SELECT 1 AS password UNION ALL SELECT password + 1 FROM secrets WHERE password < 3) SELECT password FROM secrets --: allow all owner
WITH t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT x FROM t --: UnknownName all owner: there is no view t

-- ---- LATERAL ----
SELECT o.order_id, t.total FROM orders AS o LEFT JOIN LATERAL (SELECT SUM(s.amount) AS total FROM sales AS s WHERE s.order_id = o.order_id) AS t ON TRUE --: allow duckdb,postgres analyst
SELECT o.order_id, t.product FROM orders AS o CROSS JOIN LATERAL (SELECT s.product FROM sales AS s WHERE s.order_id = o.order_id ORDER BY s.amount DESC LIMIT 1) AS t --: allow duckdb,postgres analyst
SELECT o.order_id, t.x FROM orders AS o, LATERAL (SELECT o.customer_id + 1 AS x) AS t --: allow duckdb,postgres analyst
SELECT o.order_id FROM orders AS o, LATERAL (SELECT password FROM secrets) AS t --: UnknownName duckdb,postgres,mysql owner: there is no view secrets
SELECT o.order_id FROM orders AS o, LATERAL (SELECT email AS x FROM customers) AS t --: NotAllowed duckdb,postgres,mysql analyst: customers.email is hidden
SELECT o.order_id FROM orders AS o, LATERAL (SELECT z.nothing AS x) AS t --: UnknownName duckdb,postgres,mysql analyst: no table or alias z
SELECT o.order_id FROM orders AS o, LATERAL (SELECT 1 AS x) AS t --: UnsafeQuery sqlite analyst: SQLite has no LATERAL
SELECT * FROM sales, LATERAL read_text('/etc/passwd') AS t --: UnsafeQuery duckdb,postgres owner
SELECT * FROM sales, LATERAL UNNEST(product) AS t --: UnsafeQuery duckdb,postgres owner
SELECT * FROM sales CROSS APPLY (SELECT 1 AS x) AS t --: UnsafeQuery all owner

-- ---- rows that stand in the statement ----
SELECT m FROM range(1, 13) AS t(m) --: allow duckdb analyst
SELECT COUNT(*) FROM range(5) --: allow duckdb analyst
SELECT range FROM range(5) --: allow duckdb analyst
SELECT d FROM generate_series(DATE '2025-01-01', DATE '2025-12-01', INTERVAL 1 MONTH) AS t(d) --: allow duckdb analyst
SELECT t.d, COUNT(s.order_id) AS lines FROM generate_series(DATE '2025-01-01', DATE '2025-12-01', INTERVAL 1 MONTH) AS t(d) LEFT JOIN sales AS s ON DATE_TRUNC('month', s.ordered_at) = t.d GROUP BY t.d ORDER BY t.d --: allow duckdb analyst
SELECT UNNEST([1, 2, 3]) AS x --: allow duckdb analyst
SELECT t.x FROM UNNEST(['a', 'b']) AS t(x) --: allow duckdb analyst
SELECT UNNEST(range(1, 5)) AS x --: allow duckdb analyst
SELECT * FROM UNNEST([1, 2]) AS t(x), sales --: allow duckdb analyst
SELECT product FROM sales WHERE country = ANY(['China', 'Germany']) --: allow duckdb analyst
SELECT m FROM generate_series(1, 12) AS m --: allow postgres analyst
SELECT t.m FROM generate_series(1, 12) AS t(m) --: allow postgres analyst
SELECT CAST(d AS DATE) AS day FROM generate_series('2025-01-01'::date, '2025-03-01'::date, INTERVAL '1 day') AS d --: allow postgres analyst
SELECT d, COUNT(s.order_id) FROM generate_series(DATE '2025-01-01', DATE '2025-06-01', INTERVAL '1 month') AS d LEFT JOIN sales AS s ON DATE_TRUNC('month', s.ordered_at) = d GROUP BY d --: allow postgres analyst
SELECT x FROM UNNEST(ARRAY['a', 'b']) AS x --: allow postgres analyst
SELECT product FROM sales WHERE country = ANY(ARRAY['China', 'Germany']) --: allow postgres analyst
SELECT generate_series(1, 3) AS n --: allow postgres analyst
SELECT t.x, t.y FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y) --: allow duckdb,postgres analyst
SELECT * FROM range(1000000000000) --: UnsafeQuery duckdb owner: rows at most
SELECT * FROM generate_series(1, 1000000000000) AS t(x) --: UnsafeQuery duckdb,postgres owner: rows at most
SELECT * FROM generate_series(1, 10000000000, 5) AS t(x) --: UnsafeQuery duckdb,postgres owner: rows at most
SELECT * FROM generate_series(-10000000000, 1) AS t(x) --: UnsafeQuery duckdb,postgres owner: rows at most
SELECT * FROM generate_series(1, (SELECT MAX(order_id) FROM sales)) AS t(x) --: UnsafeQuery duckdb,postgres owner: bounds written
SELECT * FROM generate_series(1, 1e12) AS t(x) --: UnsafeQuery duckdb,postgres owner
SELECT * FROM generate_series(DATE '0001-01-01', DATE '9999-01-01', INTERVAL 1 SECOND) AS t(x) --: UnsafeQuery duckdb owner: rows at most
SELECT * FROM generate_series(DATE '0001-01-01', DATE '9999-01-01', INTERVAL 0 DAY) AS t(x) --: UnsafeQuery duckdb owner
SELECT range(order_id) FROM sales --: UnsafeQuery duckdb owner: bounds written
SELECT UNNEST(range(1, 1000000000)) AS x --: UnsafeQuery duckdb owner: rows at most
SELECT * FROM UNNEST((SELECT ARRAY_AGG(password) FROM secrets)) AS t(x) --: UnsafeQuery duckdb,postgres owner
SELECT UNNEST(product) FROM sales --: UnsafeQuery duckdb,postgres owner: written out
SELECT * FROM generate_series(1, 5) --: UnsafeQuery sqlite,mysql owner: WITH RECURSIVE
SELECT * FROM json_each('[1, 2]') --: UnsafeQuery sqlite owner
SELECT * FROM seq_1_to_1000000000 --: UnknownName mysql owner: there is no view
SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (x INT PATH '$')) AS t --: UnsafeQuery mysql owner: functions in FROM
SELECT * FROM UNNEST(ARRAY[1, 2]) WITH ORDINALITY AS t(x, n) --: UnsafeQuery postgres owner
SELECT * FROM ROWS FROM (generate_series(1, 2)) AS t --: UnsafeQuery postgres owner

-- ---- windows, groups, QUALIFY, DISTINCT ON ----
SELECT product, SUM(amount) OVER w AS running FROM sales WINDOW w AS (PARTITION BY country ORDER BY ordered_at) --: allow all analyst
SELECT product, AVG(amount) OVER (ORDER BY ordered_at ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving FROM sales --: allow all analyst
SELECT country, LAG(SUM(amount)) OVER (ORDER BY country) AS previous FROM sales GROUP BY country --: allow all analyst
SELECT country, RANK() OVER (ORDER BY SUM(amount) DESC) AS place, NTILE(4) OVER (ORDER BY SUM(amount)) AS quarter FROM sales GROUP BY country --: allow all analyst
SELECT product, FIRST_VALUE(product) OVER (PARTITION BY country ORDER BY amount DESC) AS best FROM sales --: allow all analyst
SELECT product, SUM(amount) OVER (ORDER BY nothing) FROM sales --: UnknownName all analyst: no column nothing
SELECT product, SUM(amount) OVER w FROM sales WINDOW w AS (PARTITION BY nothing) --: UnknownName all analyst: no column nothing
SELECT customer_id, RANK() OVER (ORDER BY email) FROM customers --: NotAllowed all analyst: customers.email is hidden
SELECT customer_id, COUNT(*) OVER w FROM customers WINDOW w AS (PARTITION BY email) --: NotAllowed all analyst: customers.email is hidden
SELECT customer_id FROM customers QUALIFY ROW_NUMBER() OVER (ORDER BY email) = 1 --: NotAllowed duckdb analyst: customers.email is hidden
SELECT product, amount FROM sales QUALIFY RANK() OVER (PARTITION BY country ORDER BY amount DESC) <= 2 --: allow duckdb analyst
SELECT product, ROW_NUMBER() OVER (ORDER BY amount) AS place FROM sales QUALIFY place = 1 --: allow duckdb analyst
SELECT country, product, SUM(amount), GROUPING(country) FROM sales GROUP BY GROUPING SETS ((country, product), (country), ()) --: allow duckdb,postgres analyst
SELECT country, product, SUM(amount) FROM sales GROUP BY CUBE (country, product) --: allow duckdb,postgres analyst
SELECT country, SUM(amount) FROM sales GROUP BY ROLLUP (country) --: allow duckdb,postgres analyst
SELECT country, SUM(amount) FROM sales GROUP BY country WITH ROLLUP --: allow mysql analyst
SELECT country, SUM(amount) FROM customers GROUP BY CUBE (email) --: NotAllowed duckdb,postgres analyst: hidden
SELECT DISTINCT ON (country) country, product, amount FROM sales ORDER BY country, amount DESC --: allow duckdb,postgres analyst
SELECT DISTINCT ON (email) country FROM customers --: NotAllowed duckdb,postgres analyst: customers.email is hidden
SELECT country, COUNT(*) FILTER (WHERE amount > 10) AS n FROM sales GROUP BY country --: allow postgres analyst
SELECT country, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) AS median FROM sales GROUP BY country --: allow duckdb,postgres analyst
SELECT MODE() WITHIN GROUP (ORDER BY product) AS usual FROM sales --: allow duckdb,postgres analyst
SELECT STRING_AGG(product, ', ' ORDER BY amount DESC) FROM sales --: allow duckdb,postgres analyst
SELECT GROUP_CONCAT(DISTINCT product ORDER BY product SEPARATOR ', ') FROM sales --: allow mysql analyst

-- ---- dates, text and numbers, as each database says it ----
SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) AS revenue FROM sales GROUP BY 1 ORDER BY 1 --: allow duckdb,postgres analyst
SELECT TO_CHAR(ordered_at, 'YYYY-MM') AS month, SUM(amount) FROM sales GROUP BY TO_CHAR(ordered_at, 'YYYY-MM') --: allow postgres analyst
SELECT EXTRACT(YEAR FROM ordered_at) AS year, EXTRACT(ISODOW FROM ordered_at) AS day, DATE_PART('month', ordered_at) AS month FROM sales --: allow postgres analyst
SELECT COUNT(*) FROM sales WHERE ordered_at >= NOW() - INTERVAL '30 days' --: allow postgres analyst
SELECT COUNT(*) FROM sales WHERE ordered_at::date = CURRENT_DATE - 1 --: allow postgres analyst
SELECT ROUND(AVG(amount)::numeric, 2), STDDEV(amount), CORR(amount, quantity) FROM sales --: allow postgres analyst
SELECT AGE(MAX(ordered_at), MIN(ordered_at)), EXTRACT(EPOCH FROM MAX(ordered_at) - MIN(ordered_at)) / 86400 FROM sales --: allow postgres analyst
SELECT product FROM sales WHERE product ~ '^L' OR product ~* 'mug' OR product ILIKE 'b%' --: allow postgres analyst
SELECT product || ' (' || country || ')' AS text, INITCAP(product), SPLIT_PART(product, 'a', 1), LPAD(product, 10, '.') FROM sales --: allow postgres analyst
SELECT country IS DISTINCT FROM 'China', product SIMILAR TO 'L%' FROM sales --: allow postgres analyst
SELECT product FROM sales ORDER BY amount DESC NULLS LAST FETCH FIRST 2 ROWS ONLY --: allow postgres analyst
SELECT (ordered_at AT TIME ZONE 'UTC')::date FROM sales --: allow postgres analyst
SELECT $$it's a Lamp$$ AS text, $x$more$x$ AS more --: allow duckdb,postgres analyst
SELECT "Product" FROM "Sales" AS "S" WHERE "S"."Amount" > 5 --: allow duckdb,sqlite,postgres analyst
SELECT S.AMOUNT AS Total FROM Sales S ORDER BY TOTAL --: allow all analyst
SELECT T.Total FROM (SELECT SUM(amount) AS total FROM sales) AS t --: allow all analyst
WITH Totals AS (SELECT country AS Land, SUM(amount) AS Total FROM sales GROUP BY country) SELECT TOTALS.land, totals.* FROM totals --: allow all analyst
SELECT SUM(amount) AS 销售额 FROM sales --: allow all analyst
SELECT SUM(amount) AS "Umsatz in €" FROM sales --: allow all analyst
SELECT DATE_FORMAT(ordered_at, '%Y-%m') AS month, SUM(amount) AS revenue FROM sales GROUP BY month ORDER BY month --: allow mysql analyst
SELECT YEAR(ordered_at), MONTH(ordered_at), WEEK(ordered_at, 3), DAYNAME(ordered_at), QUARTER(ordered_at), LAST_DAY(ordered_at) FROM sales --: allow mysql analyst
SELECT COUNT(*) FROM sales WHERE ordered_at >= DATE_SUB(CURDATE(), INTERVAL 1 MONTH) --: allow mysql analyst
SELECT TIMESTAMPDIFF(DAY, MIN(ordered_at), MAX(ordered_at)), DATEDIFF(MAX(ordered_at), MIN(ordered_at)) FROM sales --: allow mysql analyst
SELECT CONCAT(product, ' ', country), CONCAT_WS('-', product, country), IFNULL(country, ''), IF(amount > 10, 'big', 'small'), LPAD(product, 10, '.') FROM sales --: allow mysql analyst
SELECT product FROM sales WHERE product REGEXP '^L' OR product NOT REGEXP 'u' OR product RLIKE 'g$' --: allow mysql analyst
SELECT product FROM sales WHERE product = "Lamp" --: allow mysql analyst
SELECT product FROM sales WHERE product = 'it\'s' OR product = "say \"it\"" OR product LIKE '50\%' --: allow mysql analyst
SELECT `product` FROM `sales` WHERE `sales`.`country` = 'China' --: allow mysql analyst
SELECT quantity DIV 2, quantity MOD 2, quantity % 2, CAST(amount AS SIGNED), CAST(amount AS DECIMAL(10,2)) FROM sales --: allow mysql analyst
SELECT product FROM sales WHERE country = 'China' || country = 'Germany' --: allow mysql analyst
SELECT product FROM sales WHERE country = 'China' && quantity > 1 --: allow mysql analyst
SELECT product # the thing\nFROM sales --: allow mysql analyst
SELECT 5--1 AS six FROM sales --: allow mysql analyst
SELECT STD(amount), STDDEV_SAMP(amount), VARIANCE(amount) FROM sales --: allow mysql analyst
SELECT product FROM sales LIMIT 1, 2 --: allow mysql analyst
SELECT PRINTF('%.2f', amount), PRINTF('%5d', quantity) FROM sales --: allow sqlite analyst
SELECT CAST('5' AS NUMERIC) / 2 AS two --: allow sqlite analyst
SELECT JSON_EXTRACT('{"a": 1}', '$.a') AS a --: allow duckdb,sqlite,mysql analyst
SELECT JSON_EXTRACT('{"a": 1}', product) FROM sales --: UnsafeQuery duckdb,sqlite,mysql analyst: place inside a JSON value
SELECT '{"a": 1}'::json ->> 'a' --: UnsafeQuery postgres analyst: type
SELECT LPAD(product, 1000000000, 'x') FROM sales --: UnsafeQuery duckdb,postgres,mysql analyst: LPAD
SELECT RPAD(product, quantity, 'x') FROM sales --: UnsafeQuery duckdb,postgres,mysql analyst: in figures
SELECT PRINTF('%1000000d', 1) --: UnsafeQuery sqlite analyst: pad
SELECT FORMAT('%*d', 100000000, 1) --: UnsafeQuery sqlite analyst: pad
SELECT PRINTF(product, 1) FROM sales --: UnsafeQuery sqlite analyst: written as a text

-- ---- names that look alike ----
SELECT ｅｍａｉｌ FROM customers --: UnknownName all owner: there is no column
SELECT email FROM ｃｕｓｔｏｍｅｒｓ --: UnknownName all owner: there is no view
SELECT * FROM ѕecrets --: UnknownName all owner: there is no view
SELECT * FROM "SECRETS" --: UnknownName all owner: there is no view
SELECT * FROM seКrets --: UnknownName all owner: there is no view
WITH ѕales AS (SELECT 1 AS amount) SELECT amount FROM ѕales --: allow all owner
WITH ſales AS (SELECT 1 AS amount) SELECT amount FROM ſales --: allow all owner
SELECT "emaİl" FROM customers --: UnknownName duckdb,sqlite,postgres analyst: there is no column
SELECT EMAIL FROM CUSTOMERS --: NotAllowed all analyst: is hidden
SELECT `email` FROM customers --: NotAllowed mysql,sqlite analyst: is hidden
SELECT [email] FROM customers --: NotAllowed sqlite analyst: is hidden
SELECT U&"\0065mail" FROM customers --: UnknownName postgres analyst
SELECT U&'\0065mail' AS x --: UnsafeQuery postgres analyst: escapes
SELECT E'\x41' AS x --: UnsafeQuery duckdb,postgres analyst: escapes
SELECT X'41' AS x --: UnsafeQuery sqlite,mysql,postgres analyst: hexadecimal
SELECT N'a' AS x --: UnsafeQuery all analyst: N'
SELECT _utf8'a' AS x --: UnsafeQuery mysql analyst: character sets
SELECT b'1' AS x --: UnsafeQuery postgres,mysql analyst: bits

-- ---- hints, comments that run, settings, the databases' own tables ----
SELECT /*! password, */ product FROM sales --: UnsafeQuery mysql owner: executes
SELECT /*!50000 password, */ product FROM sales --: UnsafeQuery mysql owner: executes
SELECT /*M!100100 password, */ product FROM sales --: UnsafeQuery mysql owner: executes
SELECT product FROM sales /*! UNION SELECT password FROM secrets */ --: UnsafeQuery mysql owner: executes
SELECT /*+ MAX_EXECUTION_TIME(1) */ product FROM sales --: UnsafeQuery mysql owner: hints
SELECT /*+ SeqScan(sales) */ product FROM sales --: allow postgres owner
SELECT product FROM sales USE INDEX (x) --: UnsafeQuery mysql owner: hints
SELECT SQL_NO_CACHE product FROM sales --: UnsafeQuery mysql owner
SELECT STRAIGHT_JOIN product FROM sales --: UnsafeQuery mysql owner
SELECT product FROM sales PARTITION (p0) --: UnsafeQuery mysql owner
SELECT product FROM sales INTO OUTFILE '/tmp/x' --: UnsafeQuery mysql owner
SELECT product INTO @x FROM sales --: UnsafeQuery mysql owner: INTO
SELECT @@version --: UnsafeQuery mysql owner: settings
SELECT @@global.read_only --: UnsafeQuery mysql owner: settings
SELECT @x := 1 --: UnsafeQuery mysql owner
SELECT product FROM sales LOCK IN SHARE MODE --: UnsafeQuery mysql owner
SELECT product FROM sales FOR UPDATE --: UnsafeQuery postgres,mysql owner: FOR UPDATE
SELECT product FROM sales PROCEDURE ANALYSE() --: UnsafeQuery mysql owner
SELECT * FROM sales FULL JOIN orders USING (order_id) --: UnsafeQuery mysql owner: no FULL JOIN
SELECT o.order_id FROM sales AS s FULL JOIN orders AS o ON s.order_id = o.order_id --: allow duckdb,sqlite,postgres owner
SELECT * FROM pg_catalog.pg_user --: UnsafeQuery postgres owner: schemas
SELECT * FROM pg_shadow --: UnknownName postgres owner: there is no view
SELECT * FROM mysql.user --: UnsafeQuery mysql owner: schemas
SELECT * FROM information_schema.tables --: UnsafeQuery postgres,mysql owner: schemas
SELECT ctid FROM sales --: UnknownName postgres owner: there is no column ctid
SELECT xmin FROM customers --: UnknownName postgres owner: there is no column xmin
SELECT tableoid FROM customers --: UnknownName postgres owner: there is no column tableoid
SELECT customers FROM customers --: UnsafeQuery postgres owner
SELECT (c).email FROM customers AS c --: UnsafeQuery postgres analyst
SELECT c.email FROM customers AS c --: NotAllowed postgres,mysql analyst: is hidden
SELECT email(c) FROM customers AS c --: UnknownName postgres analyst: not an allowed function
SELECT c::text FROM customers AS c --: UnsafeQuery postgres analyst
SELECT ROW_TO_JSON(c) FROM customers AS c --: UnknownName postgres analyst: not an allowed function
SELECT * FROM ONLY customers --: UnsafeQuery postgres owner
TABLE customers --: allow postgres owner
TABLE secrets --: UnknownName postgres owner: there is no view
SELECT pg_sleep(10) --: UnknownName postgres owner: not an allowed function
SELECT pg_read_file('/etc/passwd') --: UnknownName postgres owner: not an allowed function
SELECT current_setting('data_directory') --: UnknownName postgres owner: not an allowed function
SELECT set_config('a.b', 'c', false) --: UnknownName postgres owner: not an allowed function
SELECT query_to_xml('SELECT * FROM secrets', true, false, '') --: UnknownName postgres owner: not an allowed function
SELECT dblink('host=x', 'SELECT 1') --: UnknownName postgres owner: not an allowed function
SELECT lo_import('/etc/passwd') --: UnknownName postgres owner: not an allowed function
SELECT pg_catalog.pg_sleep(1) --: UnsafeQuery postgres owner
SELECT current_user --: UnknownName postgres,mysql owner: not an allowed function
SELECT session_user --: UnknownName postgres owner: not an allowed function
SELECT nextval('s') --: UnknownName postgres owner: not an allowed function
SELECT 'secrets'::regclass --: UnsafeQuery postgres owner
SELECT CAST('secrets' AS OID) --: UnsafeQuery postgres owner
SELECT '{1}'::int[] --: UnsafeQuery postgres owner: type
SELECT SLEEP(10) --: UnknownName mysql owner: not an allowed function
SELECT BENCHMARK(1000000000, MD5('x')) --: UnknownName mysql owner: not an allowed function
SELECT LOAD_FILE('/etc/passwd') --: UnknownName mysql owner: not an allowed function
SELECT GET_LOCK('x', 10) --: UnknownName mysql owner: not an allowed function
SELECT EXTRACTVALUE(1, CONCAT('~', 'x')) --: UnknownName mysql owner
SELECT UPDATEXML(1, 'x', 1) --: UnknownName mysql owner: not an allowed function
SELECT VERSION() --: UnknownName mysql,postgres owner: not an allowed function
SELECT DATABASE() --: UnknownName mysql owner: not an allowed function
SELECT REPEAT('x', 1000000000) --: UnknownName postgres,mysql owner: not an allowed function
SELECT SPACE(1000000000) --: UnknownName mysql owner: not an allowed function
SELECT product FROM sales WHERE MATCH (product) AGAINST ('x') --: UnknownName mysql owner
SHOW TABLES --: UnsafeQuery mysql owner
DESCRIBE sales --: UnsafeQuery mysql owner
HANDLER sales OPEN --: UnsafeQuery mysql owner
DO SLEEP(5) --: UnsafeQuery mysql owner
LOAD DATA INFILE 'x' INTO TABLE orders --: UnsafeQuery mysql owner
REPLACE INTO orders VALUES (1, 1, NULL, NULL) --: UnsafeQuery mysql owner
COPY orders TO PROGRAM 'sh' --: UnsafeQuery postgres owner
DO $$ BEGIN PERFORM 1; END $$ --: UnsafeQuery postgres owner
LISTEN x --: UnsafeQuery postgres owner
NOTIFY x --: UnsafeQuery postgres owner
PREPARE x AS SELECT 1 --: UnsafeQuery postgres,mysql owner
EXECUTE x --: UnsafeQuery postgres,mysql owner
DEALLOCATE x --: UnsafeQuery postgres,mysql owner
SET ROLE postgres --: UnsafeQuery postgres owner
RESET ALL --: UnsafeQuery postgres owner
LOCK TABLE orders --: UnsafeQuery postgres owner
GRANT ALL ON orders TO public --: UnsafeQuery postgres,mysql owner
VACUUM FULL --: UnsafeQuery postgres owner
CALL x() --: UnsafeQuery postgres,mysql owner
SELECT * FROM sales WHERE order_id = $1 --: UnsafeQuery postgres owner: parameters
SELECT * FROM sales WHERE order_id = %s --: UnsafeQuery postgres,mysql owner
SELECT * FROM sales WHERE order_id = :id --: UnsafeQuery postgres,mysql owner: parameters
SELECT * FROM sales WHERE order_id = ? --: UnsafeQuery mysql owner: parameters
SELECT 1 AS $1 --: allow sqlite,mysql owner
SELECT * FROM sales TABLESAMPLE BERNOULLI (10) --: UnsafeQuery postgres owner
SELECT * FROM sales PIVOT (SUM(amount) FOR country IN ('China')) AS p --: UnsafeQuery all owner
SELECT * FROM sales UNPIVOT (v FOR n IN (amount, quantity)) AS p --: UnsafeQuery duckdb,postgres owner
SELECT * FROM sales MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS TRUE) --: UnsafeQuery all owner
SELECT product FROM sales UNION SELECT password FROM secrets -- --: UnknownName all owner: there is no view secrets
SELECT product FROM sales WHERE product = '\' UNION SELECT password FROM secrets -- ' --: allow mysql owner
SELECT product FROM sales WHERE product = '\' UNION SELECT password FROM secrets -- ' --: UnknownName duckdb,sqlite,postgres owner: there is no view secrets

-- ---- columns that tables have without saying so ----
SELECT 1 AS rowid, rowid + 1 FROM customers --: UnsafeQuery all owner: the database's own
SELECT country, 1 AS oid FROM customers WHERE oid = 2 --: UnsafeQuery all owner: the database's own
SELECT country, 1 AS ctid FROM customers WHERE ctid = '(0,1)' --: UnsafeQuery all owner: the database's own
SELECT 'rowid' FROM customers WHERE rowid > 3 --: UnknownName all owner: no column rowid
SELECT 'pin' FROM customers WHERE [pin] > 0 --: UnknownName sqlite owner: no column pin
SELECT amount + 1 FROM sales WHERE _col_0 > 1 --: UnknownName all owner: no column _col_0
SELECT _rowid FROM customers --: UnknownName mysql owner: no column _rowid
SELECT t.rowid FROM (SELECT 1) AS t(rowid) --: UnsafeQuery duckdb,postgres owner: the database's own
SELECT product.length FROM sales --: UnknownName all owner
SELECT FORMAT('%.100c', 'x') --: UnsafeQuery sqlite analyst: pad

-- ---- what no interrupt reaches ----
SELECT LEVENSHTEIN(product, 'Lamp'), JARO_WINKLER_SIMILARITY('Mug', product) FROM sales --: allow duckdb analyst
SELECT LEVENSHTEIN(product, REVERSE(product)) FROM sales --: UnsafeQuery duckdb analyst: written out
SELECT JARO_WINKLER_SIMILARITY(product, country) FROM sales --: UnsafeQuery duckdb analyst: written out
SELECT HAMMING(product, country), JACCARD(product, country) FROM sales --: UnsafeQuery duckdb analyst: written out
SELECT LEVENSHTEIN(product, '{101*x}') FROM sales --: UnsafeQuery duckdb analyst: written out
SELECT TRANSLATE(product, 'abc', 'xyz') FROM sales --: allow duckdb,postgres analyst
SELECT TRANSLATE('abc', product, 'xyz') FROM sales --: UnsafeQuery duckdb,postgres analyst: written out
SELECT TRANSLATE(product, '{101*x}', 'y') FROM sales --: UnsafeQuery duckdb,postgres analyst: written out
SELECT REPLACE(REPLACE(product, 'a', 'bbbbb'), 'b', 'ccccc') FROM sales --: UnsafeQuery all analyst: too long
SELECT 1{30* UNION ALL SELECT 1} --: UnsafeQuery all analyst: 31 SELECTs
SELECT 1{29* UNION ALL SELECT 1} --: allow all analyst
SELECT product FROM sales WHERE quantity = 1{700* OR quantity = 2} --: UnsafeQuery all analyst: words
SELECT ROUND(LN(amount), 2), ROUND(EXP(quantity), 2), LOG(amount), LOG(2, amount), LOG(10, 1000), LOG10(amount) FROM sales --: allow postgres analyst
SELECT POWER(amount, 2), amount ^ 2, POWER(amount, 0.5), ROUND(SQRT(POWER(quantity, 2) + 1), 2) FROM sales --: allow postgres analyst
SELECT POWER(POWER(1.5, 10), 10), EXP(LN(POWER(amount, quantity))) FROM sales --: allow postgres analyst
SELECT MAX(product) OVER (ORDER BY order_id ROWS BETWEEN 100000 PRECEDING AND CURRENT ROW) FROM sales --: UnsafeQuery all analyst: frame
SELECT MAX(product) OVER (ORDER BY order_id ROWS BETWEEN CURRENT ROW AND 999 + 1 FOLLOWING) FROM sales --: UnsafeQuery duckdb,postgres,sqlite analyst: frame
SELECT SUM(amount) OVER (ORDER BY order_id ROWS BETWEEN 364 PRECEDING AND UNBOUNDED FOLLOWING) FROM sales --: allow all analyst
SELECT SUM(amount) OVER (ORDER BY ordered_at RANGE BETWEEN INTERVAL '7' DAY PRECEDING AND CURRENT ROW) FROM sales --: allow duckdb,postgres analyst
SELECT REPLACE(product, '{1001*x}', 'y') FROM sales --: UnsafeQuery all analyst: too long
SELECT * FROM (SELECT COUNT(DISTINCT product) FROM sales) AS t --: allow all analyst
WITH s AS (SELECT COUNT(*), country, MAX(amount) FROM sales GROUP BY country) SELECT * FROM s --: allow all analyst
SELECT t.*, s.product FROM (SELECT MAX(amount), order_id FROM sales GROUP BY order_id) AS t JOIN sales AS s ON s.order_id = t.order_id --: allow all analyst
SELECT * FROM (SELECT COUNT(*) FROM sales UNION SELECT 5) AS t --: allow all analyst
