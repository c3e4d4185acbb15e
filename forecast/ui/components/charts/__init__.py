"""Charts: functions from finished frames to Altair charts, each with a finding as title and a description."""
