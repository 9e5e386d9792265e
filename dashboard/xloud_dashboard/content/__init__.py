"""The panel, which Horizon finds the URLs of the plugin by."""
