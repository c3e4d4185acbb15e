"""One module a step. A step that has been released is never edited: the next change is another step."""
