"""What an operator does with a stack: runs, checks, backups, new secrets, upgrades, workers elsewhere."""
