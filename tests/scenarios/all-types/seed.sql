CREATE TABLE things (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT, flag BIT(9), whole INT(8) ZEROFILL, price DECIMAL(30,10), ratio FLOAT, exact DOUBLE,
  made DATE, at DATETIME(6), stamp TIMESTAMP(3) NULL, lasts TIME(2), born YEAR,
  code CHAR(5), name VARCHAR(100) CHARACTER SET latin1, body LONGTEXT, raw VARBINARY(40), blobbed LONGBLOB,
  kind ENUM('a','b','') , tags SET('x','y','z'), doc JSON, place GEOMETRY,
  twice INT AS (tiny * 2) VIRTUAL, thrice INT AS (tiny * 3) STORED, hidden INT INVISIBLE DEFAULT 7,
  touched TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
) DEFAULT CHARSET utf8mb4;
INSERT INTO things (id, tiny, flag, whole, price, ratio, exact, made, at, stamp, lasts, born, code, name, body, raw, blobbed, kind, tags, doc, place, hidden, touched) VALUES
 (1, -128, b'101010101', 42, 12345678901234567890.0123456789, 16777216, 0.1, '2017-06-01', '2017-06-01 10:14:00.123456', '2017-06-01 10:14:00.123', '-838:59:59', 1999, 'ab', 'Grüße', 'emoji 🙈 ''quoted'' "double" \\ back\nline\ttab', X'00ff27225c0a', X'DEADBEEF00', 'a', 'x,z', '{"b": 1, "a": [null, true]}', ST_GeomFromText('POINT(1 2)'), 1, '2001-01-01 00:00:00.000001'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2001-01-01 00:00:00.000002'),
 (3, 0, b'0', 0, 0, 1234567.875, -0.0, '1000-01-01', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:01', '00:00:00', 2155, '', '', '', '', '', '', '', '{}', NULL, 0, '2001-01-01 00:00:00.000003'),
 (18446744073709551614, 127, b'111111111', 99999999, -0.0000000001, 3.4e38, 1.7976931348623157e308, '2024-02-29', '2024-02-29 00:00:00', '2038-01-19 03:14:07', '23:59:59.99', 1901, 'trail', 'x  ', '); DELETE FROM things; --', X'', X'27293B', 'b', 'y', '[]', ST_GeomFromText('LINESTRING(0 0,1 1)'), NULL, '2001-01-01 00:00:00.000004');
CREATE TABLE expected_things LIKE things;
INSERT INTO expected_things (id, tiny, flag, whole, price, ratio, exact, made, at, stamp, lasts, born, code, name, body, raw, blobbed, kind, tags, doc, place, hidden, touched)
 SELECT id, tiny, flag, whole, price, ratio, exact, made, at, stamp, lasts, born, code, name, body, raw, blobbed, kind, tags, doc, place, hidden, touched FROM things;
