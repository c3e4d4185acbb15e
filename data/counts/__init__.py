"""The council's own counts: plans on a day of its choice, children waiting or not in school, and staff, with their versions."""
