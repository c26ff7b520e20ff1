"""The API of a small RDS, in front of moto."""
