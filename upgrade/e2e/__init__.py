"""The upgrade of a whole running cloud: real services, real guests, real ssh."""
