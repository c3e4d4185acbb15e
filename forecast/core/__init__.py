"""What every room shares: the objects that travel, types of arrays, financial years, files written whole."""
