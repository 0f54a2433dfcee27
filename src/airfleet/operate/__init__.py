"""Operations on a stack: runs, checks, backups, new secrets, upgrades, workers on other machines."""
