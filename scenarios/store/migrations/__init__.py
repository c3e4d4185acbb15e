"""Migrations: the steps that bring the tables of any older store up to date."""
