"""Settings, from rdsrestore.toml and the environment."""
