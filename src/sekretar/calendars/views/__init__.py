"""Days, weeks and single meetings, shown when somebody asks."""
