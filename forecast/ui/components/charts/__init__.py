"""Charts: functions from finished frames to Altair charts, each with a finding for a title and a description."""
