"""Backups: the metadata database, the warehouse and .env in one encrypted file, and the way back."""
