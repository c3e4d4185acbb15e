"""Reports for decision makers: Word documents and their charts, drawn without a browser or a network."""
