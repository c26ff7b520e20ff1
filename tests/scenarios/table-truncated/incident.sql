TRUNCATE rates;
