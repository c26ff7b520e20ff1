"""The words of a row filter, read the way every server reads them, and those that may stand in one.

Texts have no backslash and there is no comment, so that no setting of a session changes where a word begins or ends.
Functions only compute, from what they are given: neither the moment, nor the session, nor chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FORMS = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<bits>[xX]'[0-9a-fA-F]*'|[bB]'[01]*'|0x[0-9a-fA-F]+\b|0b[01]+\b)"
    r"|(?P<text>'(?:[^'\r\n\v\f\x1c-\x1e\x85\u2028\u2029]|'')*')"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w$]))"
    r"|(?P<name>`(?:[^`\r\n]|``)+`)"
    r"|(?P<word>[^\W\d][\w$]*|\$[\w$]*)"
    r"|(?P<sign><=>|->>|->|<>|!=|<=|>=|&&|<<|>>|[-+*/%=<>!&|^~(),.])"
)
FUNCTIONS = frozenset(
    """
    ABS ACOS ADDDATE ADDTIME ASCII ASIN ATAN ATAN2 BIN BIN_TO_UUID BIT_COUNT BIT_LENGTH CAST CEIL CEILING CHAR
    CHARACTER_LENGTH CHAR_LENGTH COALESCE CONCAT CONCAT_WS CONV CONVERT CONVERT_TZ COS COT CRC32 DATE DATEDIFF DATE_ADD
    DATE_FORMAT DATE_SUB DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR DEGREES ELT EXP EXTRACT FIELD FIND_IN_SET FLOOR
    FORMAT FROM_BASE64 FROM_DAYS FROM_UNIXTIME GREATEST HEX HOUR IF IFNULL INET6_ATON INET6_NTOA INET_ATON INET_NTOA
    INSERT INSTR ISNULL IS_IPV4 IS_IPV6 IS_UUID JSON_CONTAINS JSON_CONTAINS_PATH JSON_DEPTH JSON_EXTRACT JSON_KEYS
    JSON_LENGTH JSON_OVERLAPS JSON_QUOTE JSON_SEARCH JSON_TYPE JSON_UNQUOTE JSON_VALID JSON_VALUE LAST_DAY LCASE LEAST
    LEFT LENGTH LN LOCATE LOG LOG10 LOG2 LOWER LPAD LTRIM MAKEDATE MAKETIME MD5 MICROSECOND MID MINUTE MOD MONTH
    MONTHNAME NULLIF OCT OCTET_LENGTH OF ORD PERIOD_ADD PERIOD_DIFF PI POSITION POW POWER QUARTER QUOTE RADIANS
    REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR REPLACE REVERSE RIGHT ROUND ROW RPAD RTRIM SECOND SEC_TO_TIME
    SHA SHA1 SHA2 SIGN SIN SOUNDEX SPACE SQRT STRCMP STR_TO_DATE ST_ASTEXT ST_CONTAINS ST_DISTANCE ST_EQUALS
    ST_GEOMFROMTEXT ST_INTERSECTS ST_SRID ST_WITHIN ST_X ST_Y SUBDATE SUBSTR SUBSTRING SUBSTRING_INDEX SUBTIME TAN TIME
    TIMEDIFF TIMESTAMP TIMESTAMPADD TIMESTAMPDIFF TIME_FORMAT TIME_TO_SEC TO_BASE64 TO_DAYS TO_SECONDS TRIM TRUNCATE
    UCASE UNHEX UNIX_TIMESTAMP UPPER UUID_TO_BIN WEEK WEEKDAY WEEKOFYEAR YEAR YEARWEEK
    """.split()  # noqa: SIM905 - a list of words is easier to read
)
KEYWORDS = frozenset(
    """
    AND OR XOR NOT IN BETWEEN IS NULL LIKE TRUE FALSE UNKNOWN DIV MOD REGEXP RLIKE ESCAPE SOUNDS MEMBER OF CASE WHEN
    THEN ELSE END INTERVAL DATE TIME TIMESTAMP BINARY COLLATE USING AS BOTH LEADING TRAILING FROM FOR CHARACTER SET
    SIGNED UNSIGNED INTEGER CHAR NCHAR DECIMAL DATETIME DOUBLE FLOAT JSON
    MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECOND_MICROSECOND MINUTE_MICROSECOND MINUTE_SECOND
    HOUR_MICROSECOND HOUR_SECOND HOUR_MINUTE DAY_MICROSECOND DAY_SECOND DAY_MINUTE DAY_HOUR YEAR_MONTH
    """.split()  # noqa: SIM905 - likewise
)
BEFORE_BRACKET = frozenset(
    """
    AND OR XOR NOT IN BETWEEN LIKE DIV MOD REGEXP RLIKE CASE WHEN THEN ELSE IS BINARY FROM
    """.split()  # noqa: SIM905 - likewise
)
"""Words after which a bracket groups; with others it is a call."""
TYPES = frozenset({"CHAR", "NCHAR", "BINARY", "DECIMAL", "DATETIME", "TIME", "FLOAT"})
"""Words after which a bracket holds a length, within CAST and CONVERT."""
BEFORE_TEXT = KEYWORDS - {"END", "NULL", "TRUE", "FALSE", "UNKNOWN"}
"""Words that a text may follow; after others it would be one of a charset, or a name."""
OF_SESSION = frozenset(
    """
    NOW SYSDATE CURDATE CURTIME CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP UTC_DATE UTC_TIME
    UTC_TIMESTAMP
    """.split()  # noqa: SIM905 - likewise
)


@dataclass(frozen=True)
class Word:
    """A word as it is written, and whether a blank follows.

    Its kind is `text`, `bits`, `number`, `name` (in backticks), `word` or `sign`.
    """

    kind: str
    text: str
    spaced: bool = False

    @property
    def upper(self) -> str:
        """The word in capitals; a quoted name is none of them."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def column(self) -> str:
        """The name that it may be, in small letters."""
        plain = self.text[1:-1].replace("``", "`") if self.kind == "name" else self.text
        return plain.lower() if self.kind in {"name", "word"} else ""


def words(expression: str) -> Iterator[Word]:
    """Take a filter apart; ValueError with the first sign that is not understood."""
    at, pending = 0, None
    while at < len(expression):
        found = FORMS.match(expression, at)
        if found is None:
            raise ValueError(expression[at])
        at = found.end()
        if found.lastgroup == "blank":
            pending = Word(pending.kind, pending.text, spaced=True) if pending else None
            continue
        if pending:
            yield pending
        pending = Word(str(found.lastgroup), found[0])
    if pending:
        yield pending
