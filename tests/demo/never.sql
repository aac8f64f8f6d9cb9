-- What must never be in the shop: each statement counts it, and 0 is right.

-- an order is shipped before it is placed, or delivered before it is shipped
SELECT COUNT(*) FROM orders WHERE shipped_at <= ordered_at OR delivered_at <= shipped_at;
-- a customer orders before registering
SELECT COUNT(*) FROM orders AS o JOIN customers AS c USING (customer_id) WHERE o.ordered_at < c.registered_at;
-- a review comes before the parcel
SELECT COUNT(*) FROM reviews AS r JOIN orders AS o USING (order_id) WHERE r.reviewed_at <= o.delivered_at;
-- something comes back that never arrived
SELECT COUNT(*) FROM returns AS r JOIN order_lines USING (order_line_id) JOIN orders AS o USING (order_id)
WHERE r.returned_at <= o.delivered_at OR o.delivered_at IS NULL;
-- a ticket is closed before it is opened
SELECT COUNT(*) FROM tickets WHERE closed_at <= opened_at;
-- a ticket is about an order of somebody else
SELECT COUNT(*) FROM tickets AS t JOIN orders AS o USING (order_id) WHERE t.customer_id <> o.customer_id;
-- a review is about an order of somebody else, or of something else
SELECT COUNT(*) FROM reviews AS r JOIN orders AS o USING (order_id) WHERE r.customer_id <> o.customer_id
OR NOT EXISTS (SELECT 1 FROM order_lines AS l WHERE l.order_id = r.order_id AND l.product_id = r.product_id);
-- a product is sold before its launch or after its end
SELECT COUNT(*) FROM order_lines AS l JOIN orders AS o USING (order_id) JOIN products AS p USING (product_id)
WHERE o.ordered_at < p.launched_on OR o.ordered_at >= p.discontinued_on;
-- something happens after the last day
SELECT COUNT(*) FROM (
  SELECT reviewed_at AS moment FROM reviews UNION ALL SELECT returned_at FROM returns UNION ALL SELECT opened_at FROM tickets
  UNION ALL SELECT started_at FROM sessions UNION ALL SELECT delivered_at FROM orders UNION ALL SELECT closed_at FROM tickets
) WHERE moment >= TIMESTAMP '2026-07-01';
-- an order counts as unpaid though a payment went through, or the other way round
SELECT COUNT(*) FROM orders AS o WHERE (o.status = 'payment_failed') =
EXISTS (SELECT 1 FROM payments AS y WHERE y.order_id = o.order_id AND y.status = 'captured');
-- two payments of one order go through
SELECT COUNT(*) FROM (SELECT order_id FROM payments WHERE status = 'captured' GROUP BY order_id HAVING COUNT(*) > 1);
-- a payment differs from goods and shipping
SELECT COUNT(*) FROM payments AS y JOIN orders AS o USING (order_id) JOIN (
  SELECT order_id, SUM(quantity * unit_price - discount) AS goods FROM order_lines GROUP BY order_id
) AS t USING (order_id) WHERE y.amount <> t.goods + o.shipping_fee;
-- more comes back, or is refunded, than was bought
SELECT COUNT(*) FROM returns AS r JOIN order_lines AS l USING (order_line_id)
WHERE r.quantity > l.quantity OR r.refund_amount > l.quantity * l.unit_price - l.discount;
-- a list price differs from the last change of price
SELECT COUNT(*) FROM products AS p JOIN (
  SELECT product_id, ARG_MAX(new_price, changed_at) AS price FROM price_changes GROUP BY 1
) AS c USING (product_id) WHERE p.list_price <> c.price;
-- a product costs more than it brings
SELECT COUNT(*) FROM products WHERE unit_cost >= list_price;
-- stock is below nothing
SELECT COUNT(*) FROM stock_snapshots WHERE on_hand < 0 OR on_order < 0 OR reorder_point < 1;
-- an e-mail address could be somebody's
SELECT COUNT(*) FROM customers WHERE NOT REGEXP_FULL_MATCH(email, '[a-z0-9.''-]+@example\.(com|org|net)');
-- a telephone number lies outside the ranges that regulators keep for fiction
SELECT COUNT(*) FROM customers
WHERE NOT REGEXP_FULL_MATCH(phone, '\+49 30 23125 \d{3}|\+33 6 39 98 \d\d \d\d|\+44 7700 900\d{3}');
