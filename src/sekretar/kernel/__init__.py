"""What every part stands on: time, storage, secrets, delivery, language. Knows no feature and no peer."""
