"""`/incident …`: what dispatchers type, for whoever is quicker with words than with buttons."""
