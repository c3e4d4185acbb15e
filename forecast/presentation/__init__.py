"""The only room where draws become numbers and words: published figures, tables and wording."""
