"""An import before the first below a licence leaves the licence where it is."""

import abc
