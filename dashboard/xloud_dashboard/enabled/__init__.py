"""What Horizon reads to enable the plugin; copied or linked into its ``local/enabled``."""
