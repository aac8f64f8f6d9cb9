-- Tables of the demonstration shop, as a shop's own system would keep them. Times are local, money is EUR.
CREATE TABLE categories (category_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, name_zh VARCHAR NOT NULL);
CREATE TABLE suppliers (supplier_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, country VARCHAR NOT NULL, lead_time_days INTEGER NOT NULL);
CREATE TABLE products (
  product_id INTEGER PRIMARY KEY, sku VARCHAR NOT NULL, name VARCHAR NOT NULL, name_zh VARCHAR NOT NULL,
  category_id INTEGER NOT NULL REFERENCES categories, supplier_id INTEGER NOT NULL REFERENCES suppliers,
  brand VARCHAR NOT NULL, description VARCHAR NOT NULL, description_zh VARCHAR NOT NULL,
  list_price DECIMAL(10,2) NOT NULL, unit_cost DECIMAL(10,2) NOT NULL, launched_on DATE NOT NULL, discontinued_on DATE);
CREATE TABLE customers (
  customer_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, email VARCHAR NOT NULL, phone VARCHAR,
  country VARCHAR NOT NULL, city VARCHAR NOT NULL, language VARCHAR NOT NULL, birth_year INTEGER,
  segment VARCHAR NOT NULL, registered_at TIMESTAMP NOT NULL, has_marketing_consent BOOLEAN NOT NULL);
CREATE TABLE campaigns (
  campaign_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, channel VARCHAR NOT NULL, started_on DATE NOT NULL,
  ended_on DATE NOT NULL, cost DECIMAL(10,2) NOT NULL, discount_rate DECIMAL(4,3) NOT NULL, category_id INTEGER REFERENCES categories);
CREATE TABLE campaign_assignments (
  campaign_id INTEGER NOT NULL REFERENCES campaigns, customer_id INTEGER NOT NULL REFERENCES customers,
  arm VARCHAR NOT NULL, assigned_at TIMESTAMP NOT NULL, PRIMARY KEY (campaign_id, customer_id));
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, ordered_at TIMESTAMP NOT NULL,
  channel VARCHAR NOT NULL, device VARCHAR NOT NULL, campaign_id INTEGER REFERENCES campaigns,
  status VARCHAR NOT NULL, shipping_country VARCHAR NOT NULL, shipping_fee DECIMAL(8,2) NOT NULL,
  shipped_at TIMESTAMP, delivered_at TIMESTAMP);
CREATE TABLE order_lines (
  order_line_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT NULL REFERENCES products,
  quantity INTEGER NOT NULL, unit_price DECIMAL(10,2) NOT NULL, discount DECIMAL(10,2) NOT NULL, batch VARCHAR NOT NULL);
CREATE TABLE payments (
  payment_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, attempted_at TIMESTAMP NOT NULL,
  method VARCHAR NOT NULL, amount DECIMAL(10,2) NOT NULL, status VARCHAR NOT NULL);
CREATE TABLE returns (
  return_id INTEGER PRIMARY KEY, order_line_id INTEGER NOT NULL REFERENCES order_lines, returned_at TIMESTAMP NOT NULL,
  quantity INTEGER NOT NULL, refund_amount DECIMAL(10,2) NOT NULL, reason VARCHAR NOT NULL);
CREATE TABLE stock_snapshots (
  snapshot_on DATE NOT NULL, product_id INTEGER NOT NULL REFERENCES products, on_hand INTEGER NOT NULL,
  on_order INTEGER NOT NULL, reorder_point INTEGER NOT NULL, PRIMARY KEY (snapshot_on, product_id));
CREATE TABLE price_changes (
  price_change_id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, changed_at TIMESTAMP NOT NULL,
  old_price DECIMAL(10,2) NOT NULL, new_price DECIMAL(10,2) NOT NULL);
CREATE TABLE sessions (
  session_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, started_at TIMESTAMP NOT NULL,
  device VARCHAR NOT NULL, source VARCHAR NOT NULL, page_views INTEGER NOT NULL, has_added_to_cart BOOLEAN NOT NULL,
  order_id INTEGER REFERENCES orders);
CREATE TABLE tickets (
  ticket_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, order_id INTEGER REFERENCES orders,
  opened_at TIMESTAMP NOT NULL, closed_at TIMESTAMP, channel VARCHAR NOT NULL, topic VARCHAR NOT NULL,
  language VARCHAR NOT NULL, message VARCHAR NOT NULL, satisfaction INTEGER);
CREATE TABLE reviews (
  review_id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, customer_id INTEGER NOT NULL REFERENCES customers,
  order_id INTEGER REFERENCES orders, reviewed_at TIMESTAMP NOT NULL, rating INTEGER NOT NULL, language VARCHAR NOT NULL,
  title VARCHAR NOT NULL, body VARCHAR NOT NULL);
