"""One module for each migration. A released migration is never edited: the next change is another one."""
