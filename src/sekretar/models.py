"""Every table of the product, for whoever has to know them all.

A running Sekretar loads the features that its settings name. What walks through the whole database, such as changing
the encryption keys, imports this module first: rows of a feature that was switched off are there still.
"""

import sekretar.app
import sekretar.dispatch.feature
import sekretar.tickets.feature  # noqa: F401 - to have been imported is what matters
