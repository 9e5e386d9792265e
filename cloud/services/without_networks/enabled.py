"""Enables the application; Horizon reads it from its ``local/enabled``."""

FEATURE = 'without_networks'
ADD_INSTALLED_APPS = ['without_networks']
ADD_ANGULAR_MODULES = ['without.networks']
ADD_JS_FILES = ['without_networks/launch.js']
