"""Papers for people who decide: Word documents and their charts, drawn without a browser or a network."""
