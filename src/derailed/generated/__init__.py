"""The Python of `proto/`, made by `make generate`. Never edited."""
