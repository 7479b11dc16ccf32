"""The text of calendar objects, read into values and expanded into meetings."""
