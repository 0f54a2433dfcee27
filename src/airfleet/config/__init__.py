"""Configuration of one deployment: .env, settings and secrets, sizes, paths."""
