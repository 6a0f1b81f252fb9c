"""Config files that come with the package."""
