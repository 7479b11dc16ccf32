"""The import of the register: three lists that somebody else keeps, read with care."""
