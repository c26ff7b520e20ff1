"""What production holds when the lab comes up: a shop with bills, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping

GRANTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
    "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
    "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
)
"""What the master user of a managed instance has: no SUPER, no FILE, nothing global beyond these."""
MORE_GRANTS = {"mysql": "APPLICATION_PASSWORD_ADMIN, ROLE_ADMIN, SET_ANY_DEFINER, XA_RECOVER_ADMIN"}
"""What it has besides on an engine (Amazon RDS User Guide, "Master user account privileges")."""

TABLES = """
CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120) NOT NULL,
  UNIQUE KEY email (email)
) ENGINE=InnoDB;
CREATE TABLE billing (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT UNSIGNED NOT NULL,
  invoice_no VARCHAR(40) NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  discount DECIMAL(5,4) NULL,
  currency CHAR(3) NOT NULL,
  status ENUM('open','paid','void') NOT NULL,
  notes TEXT NULL,
  meta JSON NULL,
  attachment VARBINARY(64) NULL,
  rate FLOAT NULL,
  issued_on DATE NOT NULL,
  due_at DATETIME(6) NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  UNIQUE KEY invoice_no (invoice_no),
  KEY customer_issued (customer_id, issued_on),
  CONSTRAINT billing_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) ENGINE=InnoDB;
CREATE TABLE billing_lines (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  billing_id BIGINT UNSIGNED NOT NULL,
  position SMALLINT UNSIGNED NOT NULL,
  article VARCHAR(60) NOT NULL,
  price DECIMAL(12,2) NOT NULL,
  UNIQUE KEY billing_position (billing_id, position),
  CONSTRAINT billing_lines_billing FOREIGN KEY (billing_id) REFERENCES billing (id) ON DELETE CASCADE
) ENGINE=InnoDB;
"""

CUSTOMERS = """
INSERT INTO customers (id, name, email)
SELECT n, CONCAT(ELT(1 + n % 6, 'Müller', 'Ørsted', 'Nguyễn', '佐藤', 'O''Brien', 'Ivanová'), ' ', n), CONCAT('c', n,
'@example.com') FROM ({numbers}) AS numbers;
"""

BILLING = """
INSERT INTO billing (id, customer_id, invoice_no, amount, discount, currency, status, notes, meta, attachment, rate,
                     issued_on, due_at, created_at, updated_at)
SELECT n, 1 + CRC32(n) % {customers}, CONCAT('R', LPAD(HEX(CRC32(CONCAT('i', n))), 8, '0'), '-', n),
       (CRC32(CONCAT('a', n)) % 1000000) / 100, IF(n % 3, NULL, (n % 1000) / 10000),
       ELT(1 + n % 3, 'EUR', 'USD', 'GBP'), ELT(1 + CRC32(CONCAT('s', n)) % 3, 'open', 'paid', 'void'),
       CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN CONCAT('paid in ☕ and 🙈, line\\nbreak ', n)
                  WHEN 3 THEN CONCAT('it''s "quoted"; \\\\ and a tab\\t', n) ELSE CONCAT('Zürich Straße ', n) END,
       IF(n % 7, JSON_OBJECT('n', n, 'tags', JSON_ARRAY('a', n % 10), 'none', NULL), NULL),
       IF(n % 4, UNHEX(LEFT(SHA2(n, 256), 32)), NULL), IF(n % 6, 16777216 + n / 8, NULL),
       '2015-01-01' + INTERVAL n % 880 DAY, IF(n % 8, '2016-01-01 00:00:00.000001' + INTERVAL n MINUTE, NULL),
       '2015-01-01 00:00:00' + INTERVAL n MINUTE, '2015-06-01 12:00:00.123456' + INTERVAL n SECOND
FROM ({numbers}) AS numbers;
"""

LINES = """
INSERT INTO billing_lines (billing_id, position, article, price)
SELECT id, p, CONCAT('article ', CRC32(CONCAT(id, p)) % 500), amount / 2 FROM billing
JOIN (SELECT 1 AS p UNION ALL SELECT 2) AS positions ORDER BY id, p;
"""


def account(users: Mapping[str, str], engine: str) -> str:
    """SQL that makes the master user, and others who may as much, with their passwords; takes root off the network."""
    more = MORE_GRANTS.get(engine)
    rights = (GRANTS, more) if more else (GRANTS,)
    return (
        "".join(
            f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';\n"
            + "".join(f"GRANT {right} ON *.* TO '{user}'@'%' WITH GRANT OPTION;\n" for right in rights)
            for user, password in users.items()
        )
        + "DROP USER IF EXISTS root@'127.0.0.1', root@'::1', ''@localhost;\n"
        "CREATE DATABASE shop CHARACTER SET utf8mb4;\n"
    )


def shop(rows: int) -> str:
    """SQL that makes the shop with so many bills and twice as many lines."""
    customers = max(rows // 10, 1)
    return "".join(
        [
            "SET NAMES utf8mb4; SET time_zone = '+00:00'; USE shop; SET autocommit = 0;",
            TABLES,
            CUSTOMERS.format(numbers=numbers(customers)),
            BILLING.format(numbers=numbers(rows), customers=customers),
            LINES,
            "COMMIT;",
        ]
    )


def numbers(limit: int) -> str:
    """A query for the numbers 1 to `limit` that every version of every server understands."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" if digit == 0 else f"SELECT {digit}" for digit in range(10))
    places = range(len(str(limit)))
    total = " + ".join(f"t{place}.d * {10**place}" for place in places)
    tables = " CROSS JOIN ".join(f"({digits}) AS t{place}" for place in places)
    return f"SELECT n FROM (SELECT {total} AS n FROM {tables}) AS every WHERE n BETWEEN 1 AND {limit} ORDER BY n"
