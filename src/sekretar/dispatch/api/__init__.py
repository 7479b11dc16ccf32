"""The incidents for other programs: `/api/v1`."""
